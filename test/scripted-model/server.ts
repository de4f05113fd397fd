import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type ChatRequest, chatRequestSchema, promptOf, streamOf, toolResultsOf } from './chat.ts';
import { promptScript, type Script } from './script.ts';

export const MODEL = 'scripted-model';
/** OpenCode asks this one for a session's title: told apart by its name from the work itself. */
export const TITLE_MODEL = 'title-model';

export interface ScriptedModel {
  /** Ends in `/v1`. */
  url: string;
  /** Requests for the work itself, oldest first. */
  requests: ChatRequest[];
  /** Closes all connections, stalled ones too. */
  close(): Promise<void>;
}

/** An OpenAI-compatible model on loopback that does what its script says; on any free port unless one is named. */
export async function startScriptedModel(options: { script?: Script; port?: number } = {}): Promise<ScriptedModel> {
  const script = options.script ?? promptScript;
  const requests: ChatRequest[] = [];
  const server = createServer((request, response) => {
    handle(request, response, script, requests).catch((error: unknown) => response.destroy(asError(error)));
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the model has no port');
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    requests,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function handle(request: IncomingMessage, response: ServerResponse, script: Script, requests: ChatRequest[]) {
  if (request.method === 'GET' && request.url === '/v1/models') {
    return sendJson(response, 200, {
      object: 'list',
      data: [MODEL, TITLE_MODEL].map((id) => ({ id, object: 'model' })),
    });
  }
  if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
    return sendJson(response, 404, { error: { message: 'not found' } });
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  const chat = chatRequestSchema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  if (chat.model === TITLE_MODEL) {
    return sendStream(response, streamOf({ kind: 'answer', text: 'Scripted task' }, chat.model, 'title'));
  }
  requests.push(chat);
  const turn = script(promptOf(chat), toolResultsOf(chat));
  switch (turn.kind) {
    case 'stall':
      return;
    case 'fail':
      return sendJson(response, turn.status, {
        error: { message: `scripted failure ${turn.status}`, type: 'scripted' },
      });
    case 'answer':
    case 'tool':
      return sendStream(response, streamOf(turn, chat.model, String(requests.length)));
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function sendStream(response: ServerResponse, events: string[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (const event of events) response.write(event);
  response.end();
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
