import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identityOf } from '../../../../gateway/process/identity.ts';
import { awaitFirstStart } from '../../../../gateway/supervisor/first-start.ts';

let base: string;
let data: string;
const never = new AbortController().signal;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'gateway-test-'));
  data = join(base, 'data');
  await mkdir(data);
  await writeFile(join(base, 'agent'), 'v1');
});
afterEach(() => rm(base, { recursive: true, force: true }));

const start = (signal = never) => awaitFirstStart(join(base, 'marks'), join(base, 'agent'), data, signal);

describe('the first start', () => {
  it('goes alone; the others follow when it is done, and later ones wait for none', async () => {
    const first = await start();
    let through = 0;
    const others = [1, 2, 3].map(async () => {
      const other = await start();
      through += 1;
      return other;
    });
    const late = await start(AbortSignal.timeout(300)).catch(() => 'waited');
    expect([late, through]).toEqual(['waited', 0]);
    await first.done();
    await Promise.all(others);
    await start();
    await first.done();
  });

  it('comes again after an upgrade, and when the data is gone', async () => {
    await (await start()).done();
    await writeFile(join(base, 'agent'), 'version 2');
    await start();
    await expect(start(AbortSignal.timeout(300))).rejects.toThrow();
  });

  it('does not wait for one that died', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const dead = await identityOf(child.pid ?? 0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    const first = await start();
    const { readdir } = await import('node:fs/promises');
    const [lock = ''] = await readdir(join(base, 'marks'));
    await writeFile(join(base, 'marks', lock), JSON.stringify(dead));
    await (await start()).done();
    await first.done();
  });
});
