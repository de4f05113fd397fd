import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostRoom } from '../../../../gateway/supervisor/host-room.ts';
import { until } from '../../../support/runs.ts';

let runs: string;
let now = 0;
beforeEach(async () => {
  now = 0;
  runs = await mkdtemp(join(tmpdir(), 'gateway-test-'));
});
afterEach(() => rm(runs, { recursive: true, force: true }));

/** Gives a run a log of so many bytes. */
async function log(run: string, bytes: number): Promise<void> {
  await mkdir(join(runs, run), { recursive: true });
  await writeFile(join(runs, run, 'events.jsonl'), 'x'.repeat(bytes));
}

describe('the room for logs on a host', () => {
  it('is what all runs leave of it together; once full, there is room when a good part is free', async () => {
    const room = new HostRoom(runs, () => now, 1_000);
    await log('a.1', 500);
    await mkdir(join(runs, 'b.1'));
    await room.look();
    expect(room.isFull).toBe(false);
    await log('b.1', 500);
    await room.look();
    expect(room.isFull).toBe(true);
    await log('b.1', 450);
    await room.look();
    expect(room.isFull).toBe(true);
    await log('b.1', 300);
    await room.look();
    expect(room.isFull).toBe(false);
  });

  it('is looked at by itself after so many bytes, and after some time', async () => {
    const room = new HostRoom(runs, () => now, 1_000);
    await room.look();
    await log('a.1', 2_000);
    room.note(1);
    room.note(16 * 1024 * 1024);
    await until('a look for the bytes', () => room.isFull);
    await log('a.1', 0);
    await until('a look for the time', () => {
      now += 60_000;
      room.note(0);
      return !room.isFull;
    });
  });

  it('is what it was last when it cannot be measured', async () => {
    const room = new HostRoom(runs, () => now, 1_000);
    await log('a.1', 2_000);
    await room.look();
    await rm(runs, { recursive: true });
    await room.look();
    expect(room.isFull).toBe(true);
  });
});
