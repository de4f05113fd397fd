import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { anthropicDialect } from './anthropic.ts';
import { chatDialect } from './chat.ts';
import { geminiDialect } from './gemini.ts';
import { responsesDialect } from './responses.ts';
import { promptScript, type Script } from './script.ts';
import type { ModelRequest } from './turn.ts';

export const MODEL = 'scripted-model';
/** OpenCode asks this one for a session's title: told apart by its name from the work itself. */
export const TITLE_MODEL = 'title-model';

const DIALECTS = [chatDialect, anthropicDialect, geminiDialect, responsesDialect];

export interface HeardRequest extends ModelRequest {
  /** As it came: earlier turns too. */
  body: string;
}

export interface ScriptedModel {
  /** Of OpenAI's APIs; ends in `/v1`. */
  url: string;
  /** Of the other APIs: without a path. */
  origin: string;
  /** Requests for the work itself, oldest first. */
  requests: HeardRequest[];
  /** Closes all connections, stalled ones too. */
  close(): Promise<void>;
}

/** A model on loopback that does what its script says, by the APIs of four providers; on any free port unless one is named. */
export async function startScriptedModel(options: { script?: Script; port?: number } = {}): Promise<ScriptedModel> {
  const script = options.script ?? promptScript;
  const requests: HeardRequest[] = [];
  const server = createServer((request, response) => {
    handle(request, response, script, requests).catch((error: unknown) => response.destroy(asError(error)));
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the model has no port');
  const origin = `http://127.0.0.1:${address.port}`;
  return {
    url: `${origin}/v1`,
    origin,
    requests,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, script: Script, requests: HeardRequest[]) {
  const { method, url = '' } = request;
  if (method === 'GET' && url === '/v1/models') {
    return sendJson(response, 200, {
      object: 'list',
      data: [MODEL, TITLE_MODEL].map((id) => ({ id, object: 'model' })),
    });
  }
  const dialect = method === 'POST' ? DIALECTS.find(({ matches }) => matches(url)) : undefined;
  if (dialect === undefined) return sendJson(response, 404, { error: { message: 'not found' } });
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const body = Buffer.concat(chunks).toString('utf8');
  const asked = dialect.read(JSON.parse(body), url);
  if (asked.model === TITLE_MODEL) {
    return sendStream(response, dialect.stream({ kind: 'answer', text: 'Scripted task' }, asked, 'title'));
  }
  requests.push({ ...asked, body });
  const turn = script(asked.prompt, asked.toolResults);
  switch (turn.kind) {
    case 'stall':
      return;
    case 'fail':
      return sendJson(response, turn.status, dialect.failure(turn.status));
    case 'answer':
    case 'tool':
      return sendStream(response, dialect.stream(turn, asked, String(requests.length)));
  }
}

/** Agents that try again need not wait, where they listen to that. */
const SOON = { 'retry-after-ms': '10' };

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const headers = { 'content-type': 'application/json', ...(status >= 500 ? SOON : {}) };
  response.writeHead(status, headers).end(JSON.stringify(body));
}

function sendStream(response: ServerResponse, events: string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) response.write(event);
  response.end();
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
