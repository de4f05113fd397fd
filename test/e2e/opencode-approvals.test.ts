import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openCodeEnv } from '../scripted-model/opencode-env.ts';
import { startScriptedModel } from '../scripted-model/server.ts';
import type { Api } from './harness/api.ts';
import { until } from './harness/wait.ts';
import { World } from './harness/world.ts';

const OPENCODE = fileURLToPath(new URL('../../node_modules/.bin/opencode', import.meta.url));
const listSchema = z.object({
  approvals: z.array(z.looseObject({ id: z.string(), status: z.string(), action: z.unknown() })),
});

const world = new World();
afterAll(() => world.close());

/** Answers the next question of the task's agent; resolves to what it was about. */
async function answerNext(api: Api, id: string, decision: string): Promise<unknown> {
  const path = `/api/tasks/${id}/approvals`;
  const asked = await until('an approval', async () =>
    listSchema.parse((await api.request('GET', path)).body).approvals.find(({ status }) => status === 'pending'),
  );
  expect((await api.request('POST', `${path}/${asked.id}`, { body: { decision } })).status).toBe(200);
  return asked.action;
}

test('[R18] OpenCode asks for a command and for a file, goes on when it may and stops when it may not', async () => {
  const model = await startScriptedModel();
  world.onClose(() => model.close());
  const server = await world.server();
  const api = server.api();
  // A file of the owner's: named by the variable it would be the owner's word on permissions.
  const { OPENCODE_CONFIG_CONTENT = '', ...env } = openCodeEnv(model.url, world.home);
  await mkdir(join(world.home, 'config', 'opencode'), { recursive: true });
  await writeFile(join(world.home, 'config', 'opencode', 'opencode.json'), OPENCODE_CONFIG_CONTENT);
  const agents = { opencode: { protocol: 'acp', command: [OPENCODE, 'acp'] } };
  const daemon = await world.onlineDaemon(server, { agents, env: { ...env, GATEWAY_PASS_ENV: 'npm_config_*' } });

  const prompt = '@bash echo hi > shell.txt\n@write written.txt hello\n@say Done.';
  const { id } = await api.createTask({ prompt, permissions: 'ask' });
  expect(await answerNext(api, id, 'allow')).toMatchObject({ tool: 'execute', command: 'echo hi > shell.txt' });
  const path = join(daemon.cwd, 'written.txt');
  expect(await answerNext(api, id, 'allow')).toMatchObject({ tool: 'edit', paths: [path] });
  expect(await api.untilStatus(id, 'completed')).toMatchObject({ result: { output: 'Done.' } });
  expect(await readFile(path, 'utf8')).toBe('hello\n');
  expect(existsSync(join(daemon.cwd, 'shell.txt'))).toBe(true);

  const second = await api.createTask({ prompt: '@bash touch never.txt\n@say Done.', permissions: 'ask' });
  await answerNext(api, second.id, 'deny');
  expect(await api.untilStatus(second.id, 'failed')).toMatchObject({ error: { code: 'agent_failed' } });
  expect(existsSync(join(daemon.cwd, 'never.txt'))).toBe(false);
});
