import { execFileSync } from 'node:child_process';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_HOST_LOG_BYTES } from '../../gateway/supervisor/host-room.ts';
import { launchSupervisor } from '../../gateway/supervisor/launch.ts';
import { MAX_EVENT_BYTES, MAX_LOG_BYTES, MAX_OUTPUT_BYTES } from '../../shared/limits.ts';
import { eventsOf, openWorkshop, resultOfRun, type Workshop } from '../support/runs.ts';

const node = (script: string) => [process.execPath, '-e', script];

describe("the supervisor with an agent's output", () => {
  let shop: Workshop;
  beforeEach(async () => {
    shop = await openWorkshop();
  });
  afterEach(() => shop.close());

  const runScript = async (script: string) => {
    const run = await shop.run(await shop.request(node(script)));
    await launchSupervisor(run);
    const result = await resultOfRun(run);
    return { run, result, events: await eventsOf(run) };
  };

  it('joins characters that arrive in pieces and replaces what is no UTF-8', async () => {
    const { events } = await runScript(`
      const bytes = Buffer.from('grüße 😀');
      let at = 0;
      const next = () => {
        if (at < bytes.length) { process.stdout.write(bytes.subarray(at, at + 1)); at += 1; setTimeout(next, 5); }
        else process.stdout.write(Buffer.from([0x0a, 0xff, 0x61]));
      };
      next();`);
    expect(events.map((event) => event.content)).toEqual(['grüße 😀', '\ufffda']);
  });

  it('cuts a line that is longer than an event and says so', async () => {
    const { events, result } = await runScript(`process.stdout.write('x'.repeat(20 * 1024 * 1024) + '\\nend\\n')`);
    expect(events).toHaveLength(2);
    expect(JSON.stringify(events[0]).length).toBeLessThanOrEqual(MAX_EVENT_BYTES);
    expect(events[0]?.data).toMatchObject({ truncated: true });
    expect(events[1]?.content).toBe('end');
    expect(result.result.output?.length).toBeLessThanOrEqual(MAX_OUTPUT_BYTES);
    expect(result.result.output?.endsWith('\nend\n')).toBe(true);
  });

  it('[L3] keeps the order of a flood up to the quota, counts what it drops, and keeps the end', async () => {
    const lines = 100_000;
    const { events, result } = await runScript(`
      const pad = 'y'.repeat(1000);
      let n = 0;
      const more = () => {
        while (n < ${lines}) { n += 1; if (!process.stdout.write(n + ' ' + pad + '\\n')) return process.stdout.once('drain', more); }
      };
      more();`);
    expect(result.result.success).toBe(true);
    const marker = events.at(-1);
    const kept = events.slice(0, -1);
    expect(marker?.data).toMatchObject({ dropped: lines - kept.length });
    expect(kept.map((event) => Number.parseInt(event.content ?? '', 10))).toEqual(kept.map((_, index) => index + 1));
    expect(kept.length * 1000).toBeGreaterThan(MAX_LOG_BYTES * 0.9);
    expect(result.lastSeq).toBe(events.length);
  });

  it('[L4] drops events when all logs of the host are at their limit, says so, and keeps the result', async () => {
    const other = await shop.run(await shop.request(['true']));
    writeFileSync(other.file('EVENTS'), '');
    // Holes: it takes no room on the disk.
    truncateSync(other.file('EVENTS'), MAX_HOST_LOG_BYTES);
    const { events, result } = await runScript(`console.log('one'); console.log('two')`);
    expect(events.map((event) => event.data)).toEqual([{ dropped: 2, limit: 'MAX_HOST_LOG_BYTES' }]);
    expect(result).toMatchObject({ lastSeq: 1, result: { success: true, output: 'one\ntwo\n' } });
    truncateSync(other.file('EVENTS'), 0);
  });

  it('[R19] lists the files that changed, with their diff: new, edited, edited again, reverted, committed; not those left as they were', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { cwd: shop.cwd });
    git('init', '-q');
    mkdirSync(join(shop.cwd, 'sub'));
    for (const name of ['clean', 'edited', 'reverted', 'committed', 'dirty', 'dirty2']) {
      writeFileSync(join(shop.cwd, name), 'old\n');
    }
    git('add', '.');
    git('commit', '-qm', 'start');
    for (const name of ['reverted', 'dirty', 'dirty2']) writeFileSync(join(shop.cwd, name), 'mine\n');
    const { result } = await runScript(`
      const fs = require('node:fs');
      const { execFileSync } = require('node:child_process');
      fs.writeFileSync('sub/new ü.txt', 'x');
      fs.writeFileSync('edited', 'x');
      fs.writeFileSync('dirty2', 'x');
      fs.writeFileSync('committed', 'x');
      execFileSync('git', ['checkout', 'reverted'], { stdio: 'ignore' });
      execFileSync('git', ['add', 'committed']);
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '-qm', 'x', 'committed']);`);
    const { filesChanged, changesFrom, diff } = result.result;
    expect(filesChanged).toEqual(['committed', 'dirty2', 'edited', 'reverted', 'sub/new ü.txt']);
    expect(changesFrom).toBe('git');
    expect(diff).toContain('diff --git a/edited b/edited');
    expect(diff).toContain('-old\n+x\n');
    expect(diff).toContain('b/sub/new ü.txt');
    // Against what was there before, not against the last commit.
    expect(diff).toContain('-mine\n+x\n');
    // Its index and its files are as the agent left them.
    expect(git('status', '--porcelain').toString()).toBe(' M dirty\n M dirty2\n M edited\n?? sub/\n');
  });
});
