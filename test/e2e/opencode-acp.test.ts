import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunDirectory } from '../../gateway/runs/run-directory.ts';
import { launchSupervisor } from '../../gateway/supervisor/launch.ts';
import { openCodeEnv } from '../scripted-model/opencode-env.ts';
import { MODEL, type ScriptedModel, startScriptedModel } from '../scripted-model/server.ts';
import { eventsOf, openWorkshop, resultOfRun, until, type Workshop } from '../support/runs.ts';

const OPENCODE = fileURLToPath(new URL('../../node_modules/.bin/opencode', import.meta.url));
/** ms. It is slow to start on a busy machine, and some of these start it twice. */
const PATIENCE_MS = 60_000;

/** What every agent must do is tested in `test/agents/`; here is what this one does over ACP alone. */
describe('OpenCode over ACP', { timeout: 2 * PATIENCE_MS }, () => {
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
    { env = {}, ...task }: { env?: Record<string, string>; model?: string; sessionId?: string } = {},
  ): Promise<RunDirectory> => {
    // The configuration is a file of the owner's: named by the variable it would be the owner's word on permissions.
    const { OPENCODE_CONFIG_CONTENT = '', ...base } = openCodeEnv(model.url, home);
    await mkdir(join(home, 'config', 'opencode'), { recursive: true });
    await writeFile(join(home, 'config', 'opencode', 'opencode.json'), OPENCODE_CONFIG_CONTENT);
    const request = await shop.request([OPENCODE], {
      prompt,
      agent: { protocol: 'acp', command: [OPENCODE, 'acp'] },
      env: { PATH: process.env.PATH ?? '', ...base, ...env },
      timeoutMs: PATIENCE_MS,
    });
    Object.assign(request.task, task);
    const run = await shop.run(request);
    await launchSupervisor(run);
    return run;
  };

  it('what is sent while it works is the next turn of the same session, and a later run goes on with it', async () => {
    const gate = join(shop.cwd, 'gate');
    const wait = `touch ${gate}.up; while [ ! -e ${gate} ]; do sleep 0.1; done`;
    const run = await start(`The word is heron.\n@bash ${wait}\n@say one`);
    await until('the tool', () => existsSync(`${gate}.up`), PATIENCE_MS);
    await run.appendControl({ kind: 'input', id: 'a', content: '@write second.txt hello\n@say two' });
    await until('the input', async () => JSON.stringify(await eventsOf(run)).includes('"waiting"'));
    await writeFile(gate, '');
    expect(await resultOfRun(run, PATIENCE_MS)).toMatchObject({
      result: { success: true, output: 'two', filesChanged: ['second.txt'] },
    });
    const said = (await eventsOf(run)).filter(({ type }) => type === 'message').map(({ content }) => content);
    expect(said).toEqual(['one', 'I will write the file.', 'two']);

    const sessionId = (await run.session()) ?? '';
    const later = await start('What was the word?\n@say heron', { sessionId });
    expect(await resultOfRun(later, PATIENCE_MS)).toMatchObject({ result: { success: true, output: 'heron' } });
    expect(await later.session()).toBe(sessionId);
    // Nothing of what was is told again.
    expect((await eventsOf(later)).filter(({ type }) => type !== 'log').map(({ content }) => content)).toEqual([
      'heron',
    ]);
    expect(model.requests.at(-1)?.body).toContain('The word is heron.');
  });

  it('takes the model that the task names, and says so when there is none', async () => {
    const named = await start('@say hi', { model: `scripted/${MODEL}` });
    expect(await resultOfRun(named, PATIENCE_MS)).toMatchObject({ result: { success: true, output: 'hi' } });
    const unknown = await resultOfRun(await start('@say hi', { model: '--help' }), PATIENCE_MS);
    expect(unknown.error).toMatchObject({ code: 'agent_failed', message: expect.stringContaining('--help') });
  });

  describe('a permission that it asks for', () => {
    const outside = () => join(home, 'outside.txt');
    const writeOutside = async (env: Record<string, string>) =>
      resultOfRun(await start(`@write ${outside()} hi\n@say Done.`, { env }), PATIENCE_MS);

    it('is granted where the owner has said nothing', async () => {
      expect(await writeOutside({})).toMatchObject({ result: { success: true, output: 'Done.' } });
      expect(existsSync(outside())).toBe(true);
      await rm(outside());
    });

    it("[L9] is refused where the owner's word is in OpenCode's settings, and the task says so", async () => {
      const result = await writeOutside({ OPENCODE_PERMISSION: '{"external_directory":"ask"}' });
      expect(result).toMatchObject({ result: { success: false }, error: { code: 'agent_failed' } });
      expect(result.error?.message).toContain('rejected permission');
      expect(existsSync(outside())).toBe(false);
    });
  });
});
