import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ResultFile } from '../../gateway/runs/files.ts';
import { launchSupervisor } from '../../gateway/supervisor/launch.ts';
import { openCodeEnv } from '../scripted-model/opencode-env.ts';
import { type ScriptedModel, startScriptedModel } from '../scripted-model/server.ts';
import { openWorkshop, resultOfRun, type Workshop } from '../support/runs.ts';

const OPENCODE = fileURLToPath(new URL('../../node_modules/.bin/opencode', import.meta.url));

describe("OpenCode's permissions in an unattended task", () => {
  let shop: Workshop;
  let model: ScriptedModel;
  let home: string;
  let outside: string;

  beforeEach(async () => {
    shop = await openWorkshop();
    model = await startScriptedModel();
    home = await mkdtemp(join(tmpdir(), 'gateway-test-home-'));
    outside = join(home, 'outside.txt');
  });
  afterEach(async () => {
    await shop.close();
    await model.close();
    await rm(home, { recursive: true, force: true });
  });

  /** A write outside the task's directory, which OpenCode asks about by default; its configuration is a file of the owner's. */
  const writeOutside = async (env: Record<string, string> = {}): Promise<ResultFile> => {
    const { OPENCODE_CONFIG_CONTENT = '', ...base } = openCodeEnv(model.url, home);
    await mkdir(join(home, 'config', 'opencode'), { recursive: true });
    await writeFile(join(home, 'config', 'opencode', 'opencode.json'), OPENCODE_CONFIG_CONTENT);
    const run = await shop.run(
      await shop.request([OPENCODE], {
        prompt: `@write ${outside} hi\n@say Done.`,
        agent: { protocol: 'opencode', command: [OPENCODE] },
        env: { PATH: process.env.PATH ?? '', ...base, ...env },
      }),
    );
    await launchSupervisor(run);
    return resultOfRun(run);
  };

  it('what would be asked is approved where the owner has said nothing', async () => {
    expect(await writeOutside()).toMatchObject({ result: { success: true, output: 'Done.' } });
    expect(existsSync(outside)).toBe(true);
  });

  it("[L9] the owner's word stands: what is to be asked is refused, and the task says so", async () => {
    const result = await writeOutside({ OPENCODE_PERMISSION: '{"external_directory":"ask"}' });
    expect(result).toMatchObject({ result: { success: false, exitCode: 0 }, error: { code: 'agent_failed' } });
    expect(result.error?.message).toContain('rejected permission');
    expect(existsSync(outside)).toBe(false);
  });
});
