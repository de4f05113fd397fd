/**
 * An agent for the tests that speaks the Agent Client Protocol by the protocol's own SDK, which refuses what that does not allow. A
 * prompt is a list of commands, one a line, obeyed in order; then the turn ends.
 *
 * `say TEXT` (in chunks) · `who` (says its pid) · `raw LINE` (on stdout, as it is) · `ask KIND…` (for a permission with these options; says what it was
 * told) · `read FILE` (from the client, which offers none) · `touch FILE` · `wait FILE` (until it exists) · `spawn FILE` (a process that writes its pid there and stays) ·
 * `fail TEXT` (an error for an answer) · `stop REASON` · `stall` (until cancelled) · `stay` (whatever is said, when stdin ends and on SIGTERM) · `exit CODE`.
 */
import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AgentContext,
  agent,
  ndJsonStream,
  type PromptResponse,
  RequestError,
  type RequestPermissionResponse,
} from '@agentclientprotocol/sdk';

const CHUNK_CHARS = 4;
const POLL_MS = 20;

const KINDS = ['allow_once', 'allow_always', 'reject_once', 'reject_always'] as const;
const REASONS = ['end_turn', 'max_tokens', 'refusal'] as const;

let cancel = () => {};
const cancelled = new Promise<void>((resolve) => {
  cancel = resolve;
});
let questions = 0;
let sessions = 0;
/** Of the turn under way. */
let sessionId = '';

async function say(client: AgentContext, text: string): Promise<void> {
  for (let at = 0; at < text.length; at += CHUNK_CHARS) {
    const content = { type: 'text' as const, text: text.slice(at, at + CHUNK_CHARS) };
    await client.notify('session/update', {
      sessionId,
      update: { sessionUpdate: 'agent_message_chunk', content },
    });
  }
}

async function ask(client: AgentContext, kinds: string[]): Promise<void> {
  questions += 1;
  const toolCallId = `question-${questions}`;
  const options = KINDS.filter((kind) => kinds.includes(kind)).map((kind) => ({ optionId: kind, name: kind, kind }));
  const toolCall = { toolCallId, title: 'a question', kind: 'execute' as const };
  const { outcome } = await client.request<RequestPermissionResponse>('session/request_permission', {
    sessionId,
    toolCall,
    options,
  });
  const update = { sessionUpdate: 'tool_call_update' as const, toolCallId, status: 'completed' as const };
  await client.notify('session/update', { sessionId, update });
  await say(client, `told ${outcome.outcome === 'selected' ? outcome.optionId : outcome.outcome}`);
}

/** Obeys one command; returns what the turn ends with, or null when it goes on. */
async function obey(line: string, client: AgentContext): Promise<PromptResponse | null> {
  const [word = '', ...words] = line.split(' ');
  const rest = words.join(' ');
  switch (word) {
    case 'say':
      await say(client, rest);
      return null;
    case 'who':
      await say(client, String(process.pid));
      return null;
    case 'raw':
      process.stdout.write(`${rest}\n`);
      return null;
    case 'ask':
      await ask(client, words);
      return null;
    case 'read': {
      const answer = await client.request('fs/read_text_file', { sessionId, path: rest }).then(
        () => 'read',
        () => 'refused',
      );
      await say(client, answer);
      return null;
    }
    case 'touch':
      writeFileSync(rest, '');
      return null;
    case 'wait':
      while (!existsSync(rest)) await sleep(POLL_MS);
      return null;
    case 'spawn': {
      const script = `require('node:fs').writeFileSync(${JSON.stringify(rest)}, String(process.pid)); setInterval(() => {}, 1000);`;
      spawn(process.execPath, ['-e', script], { detached: true, stdio: 'ignore' }).unref();
      return null;
    }
    case 'fail':
      throw new RequestError(-32603, rest);
    case 'stop':
      return { stopReason: REASONS.find((reason) => reason === rest) ?? 'end_turn' };
    case 'stall':
      await cancelled;
      return { stopReason: 'cancelled' };
    case 'stay':
      process.on('SIGTERM', () => {});
      setInterval(() => {}, 1_000);
      return null;
    case 'exit':
      process.exit(Number(rest));
  }
  throw new Error(`no such command: ${word}`);
}

const stream = ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin));
agent({ name: 'scripted' })
  .onRequest('initialize', () => ({
    protocolVersion: 1,
    agentInfo: { name: 'scripted', version: '1' },
    agentCapabilities: { loadSession: true },
  }))
  .onRequest('session/load', () => ({}))
  .onRequest('session/new', () => {
    sessions += 1;
    return { sessionId: `acp-session-${sessions}` };
  })
  .onNotification('session/cancel', () => cancel())
  .onRequest('session/prompt', async ({ params, client }) => {
    sessionId = params.sessionId;
    const text = params.prompt.map((block) => (block.type === 'text' ? block.text : '')).join('');
    for (const line of text.split('\n')) {
      const end = await obey(line, client);
      if (end !== null) return end;
    }
    return { stopReason: 'end_turn' };
  })
  .connect(stream);
