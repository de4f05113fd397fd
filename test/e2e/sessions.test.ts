import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openCodeEnv } from '../scripted-model/opencode-env.ts';
import { startScriptedModel } from '../scripted-model/server.ts';
import { World } from './harness/world.ts';

const OPENCODE = fileURLToPath(new URL('../../node_modules/.bin/opencode', import.meta.url));

const world = new World();
afterAll(() => world.close());

test('[R17] a follow-up goes on in the session of OpenCode: the model sees the earlier turns', async () => {
  const model = await startScriptedModel();
  world.onClose(() => model.close());
  const server = await world.server();
  const api = server.api();
  const env = { ...openCodeEnv(model.url, world.home), GATEWAY_PASS_ENV: 'npm_config_*' };
  const agents = { opencode: { protocol: 'opencode', command: [OPENCODE] } };
  await world.onlineDaemon(server, { agents, env });

  const first = await api.createTask({ prompt: 'The word is heron.\n@say Noted.' });
  const done = await api.untilStatus(first.id, 'completed');
  expect(done.sessionId).toMatch(/^ses_/);
  const follow = await api.createTask({ prompt: 'What was the word?\n@say heron', continueTask: first.id });
  const answered = await api.untilStatus(follow.id, 'completed');
  expect(answered).toMatchObject({ sessionId: done.sessionId, continueTask: first.id, hostId: done.hostId });

  const last = model.requests.findLast(({ prompt }) => prompt.startsWith('What was the word?'));
  expect(last?.body).toContain('The word is heron.');
  expect(last?.body).toContain('Noted.');
});
