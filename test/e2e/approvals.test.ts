import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Api } from './harness/api.ts';
import type { Server } from './harness/server.ts';
import { until } from './harness/wait.ts';
import { entryText } from './harness/wire.ts';
import { World } from './harness/world.ts';

/** Speaks ACP; `ask KIND …` asks for a permission with these options and says what it was told. */
const AGENT = fileURLToPath(new URL('../support/acp-agent.ts', import.meta.url));
const AGENTS = { asker: { protocol: 'acp', command: [process.execPath, AGENT] } };

const approvalSchema = z.looseObject({ id: z.string(), status: z.string(), options: z.array(z.string()) });
const listSchema = z.strictObject({ approvals: z.array(approvalSchema) });

const world = new World();
let server: Server;
let api: Api;
beforeAll(async () => {
  server = await world.server();
  api = server.api();
});
afterAll(() => world.close());

function ask(hostId: string, more: Record<string, unknown> = {}) {
  const prompt = 'ask allow_once reject_once';
  return api.createTask({ agentType: 'asker', prompt, hostId, permissions: 'ask', ...more });
}

async function approvalsOf(id: string) {
  return listSchema.parse((await api.request('GET', `/api/tasks/${id}/approvals`)).body).approvals;
}

function pending(id: string) {
  return until('an approval', async () => (await approvalsOf(id)).find(({ status }) => status === 'pending'));
}

function decide(id: string, approvalId: string, decision: string) {
  return api.request('POST', `/api/tasks/${id}/approvals/${approvalId}`, { body: { decision } });
}

test('[R18] asked, the daemon killed, the server killed, then allowed over HTTP: the agent goes on', async () => {
  const daemon = await world.onlineDaemon(server, { agents: AGENTS });
  const { id } = await ask(daemon.hostId);
  const asked = await pending(id);
  expect(asked).toMatchObject({ attempt: 1, options: ['allow', 'deny'], action: { title: expect.any(String) } });
  await daemon.crash();
  await server.crash();
  await server.startAgain();
  expect(await pending(id)).toEqual(asked);
  expect((await decide(id, asked.id, 'maybe')).status).toBe(400);
  expect(await decide(id, asked.id, 'allow')).toMatchObject({ status: 200, body: { status: 'allowed' } });
  expect((await decide(id, asked.id, 'allow')).status).toBe(200);
  expect(await decide(id, asked.id, 'deny')).toMatchObject({
    status: 409,
    body: { error: { code: 'approval_decided' } },
  });
  daemon.startAgain();
  expect(await api.untilStatus(id, 'completed')).toMatchObject({ attempt: 1, result: { output: 'told allow_once' } });
  const said = (await api.finishedLog(id)).map(entryText).filter((text) => text.includes('approval'));
  expect(said).toEqual([expect.stringMatching(/^asks for/), expect.stringMatching(/^no longer asks for/)]);
});

test('[R18] unanswered, it is denied at its expiry, and waiting for it is no idleness', async () => {
  const daemon = await world.onlineDaemon(server, { agents: AGENTS });
  const { id } = await ask(daemon.hostId, { approvalTimeout: 4_000, idleTimeout: 1_000 });
  await pending(id);
  expect(await api.untilStatus(id, 'completed')).toMatchObject({ result: { output: 'told reject_once' } });
});

test("[L9] what the owner's rules say is not asked, and what the task denies neither", async () => {
  const file = { permissions: [{ tool: '*', decision: 'deny' }] };
  const strict = await world.onlineDaemon(server, { agents: AGENTS, file });
  const ruled = await ask(strict.hostId);
  expect(await api.untilStatus(ruled.id, 'completed')).toMatchObject({ result: { output: 'told reject_once' } });
  const plain = await world.onlineDaemon(server, { agents: AGENTS });
  const denied = await ask(plain.hostId, { permissions: 'deny' });
  expect(await api.untilStatus(denied.id, 'completed')).toMatchObject({ result: { output: 'told reject_once' } });
});

test('an agent that cannot be asked is not given a task that asks', async () => {
  const daemon = await world.onlineDaemon(server);
  const { id } = await ask(daemon.hostId, { agentType: 'script' });
  expect(await api.untilStatus(id, 'failed')).toMatchObject({ error: { code: 'refused' } });
});
