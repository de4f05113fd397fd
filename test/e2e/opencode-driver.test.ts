import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityOf, isAlive } from '../../gateway/process/identity.ts';
import type { RunDirectory } from '../../gateway/runs/run-directory.ts';
import { launchSupervisor } from '../../gateway/supervisor/launch.ts';
import { openCodeEnv } from '../scripted-model/opencode-env.ts';
import { type ScriptedModel, startScriptedModel } from '../scripted-model/server.ts';
import { eventsOf, openWorkshop, resultOfRun, until, type Workshop } from '../support/runs.ts';

const OPENCODE = fileURLToPath(new URL('../../node_modules/.bin/opencode', import.meta.url));

describe('OpenCode under a supervisor', () => {
  let shop: Workshop;
  let model: ScriptedModel;
  let home: string;

  beforeAll(async () => {
    shop = await openWorkshop();
    model = await startScriptedModel();
    home = await mkdtemp(join(tmpdir(), 'gateway-test-home-'));
  });
  afterAll(async () => {
    await shop.close();
    await model.close();
    await rm(home, { recursive: true, force: true });
  });

  const start = async (
    prompt: string,
    overrides: { timeoutMs?: number; model?: string } = {},
  ): Promise<RunDirectory> => {
    const request = await shop.request([OPENCODE], {
      prompt,
      agent: { protocol: 'opencode', command: [OPENCODE] },
      env: { PATH: process.env.PATH ?? '', ...openCodeEnv(model.url, home) },
      ...overrides,
    });
    const run = await shop.run(request);
    await launchSupervisor(run);
    return run;
  };

  it('several first starts at once on a fresh data directory all succeed', async () => {
    const runs = await Promise.all(['one', 'two', 'three'].map((text) => start(`@say ${text}`)));
    for (const [index, run] of runs.entries()) {
      expect(await resultOfRun(run)).toMatchObject({
        result: { success: true, output: ['one', 'two', 'three'][index] },
      });
    }
  });

  it('answers, thinks, and names its session', async () => {
    const run = await start('@think First A, then B.\n@say It is 42.');
    const result = await resultOfRun(run);
    expect(result).toMatchObject({ result: { success: true, exitCode: 0, output: 'It is 42.', filesChanged: [] } });
    expect(await run.session()).toMatch(/^ses_/);
    const events = await eventsOf(run);
    expect(events).toContainEqual(expect.objectContaining({ type: 'thinking', content: 'First A, then B.' }));
    expect(events).toContainEqual(expect.objectContaining({ type: 'message', content: 'It is 42.' }));
  });

  it('writes a file: tool call, tool result and file change, and the path in filesChanged', async () => {
    const run = await start('@write hello.txt hello world\n@say Written.');
    expect(await resultOfRun(run)).toMatchObject({
      result: { success: true, output: 'Written.', filesChanged: ['hello.txt'] },
    });
    expect(await readFile(join(shop.cwd, 'hello.txt'), 'utf8')).toBe('hello world\n');
    const events = await eventsOf(run);
    const [call, outcome, change] = ['tool_call', 'tool_result', 'file_change'].map((type) =>
      events.find((event) => event.type === type),
    );
    expect(call).toMatchObject({ content: 'write', data: { input: { filePath: 'hello.txt' } } });
    expect(outcome).toMatchObject({ data: { id: expect.any(String), status: 'completed' } });
    expect(change).toMatchObject({ content: join(shop.cwd, 'hello.txt'), data: { change: 'created' } });
  });

  it('[L9] gives the prompt on stdin byte for byte, and no model name becomes a flag', async () => {
    const prompt = `--help "quoted 'words'" $(id) \`id\` \\ 😀\n-x ${'z'.repeat(200_000)} end`;
    const before = model.requests.length;
    expect(await resultOfRun(await start(prompt))).toMatchObject({ result: { success: true } });
    const sent = model.requests.slice(before).map(({ prompt }) => prompt);
    expect(sent).toEqual([prompt]);
    const refused = await resultOfRun(await start('@say hi', { model: '--help' }));
    expect(refused.error?.code).toBe('agent_failed');
    expect(refused.error?.details).toContain('Model not found: --help');
  });

  it('fails when the model refuses, with its message and the log in the details', async () => {
    const result = await resultOfRun(await start('@fail 401'));
    expect(result).toMatchObject({ result: { success: false, exitCode: 1 }, error: { code: 'agent_failed' } });
    expect(result.error?.message).toContain('scripted failure 401');
    expect(result.error?.details).toContain('level=ERROR');
  });

  it('[L5] an abort in the middle of a tool ends the tool too', async () => {
    const run = await start('@bash echo $$ > shell.pid; exec sleep 600');
    const file = join(shop.cwd, 'shell.pid');
    const shell = await until('the shell', async () => {
      const pid = existsSync(file) ? Number(await readFile(file, 'utf8')) : 0;
      return pid > 0 ? identityOf(pid) : null;
    });
    await run.appendControl({ kind: 'abort', id: 'a', reason: 'abort' });
    expect(await resultOfRun(run)).toMatchObject({ error: { code: 'aborted' } });
    expect(await isAlive(shell)).toBe(false);
  });

  it('[L5] a model that never answers ends with the time limit, its session already named', async () => {
    const run = await start('@stall', { timeoutMs: 15_000 });
    expect(await resultOfRun(run)).toMatchObject({ error: { code: 'timeout' } });
    expect(await run.session()).toMatch(/^ses_/);
  });
});
