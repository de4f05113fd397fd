import { type FileHandle, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventReader } from '../../../../gateway/runs/event-reader.ts';
import { EventFile } from '../../../../gateway/supervisor/event-file.ts';
import type { AgentEvent } from '../../../../shared/event.ts';
import { MAX_EVENT_BYTES } from '../../../../shared/limits.ts';
import { AMPLE_ROOM } from '../../../support/runs.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gateway-test-'));
  path = join(directory, 'events.jsonl');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const event = (content: string): AgentEvent => ({ type: 'log', content, timestamp: 1 });
async function read(): Promise<AgentEvent[]> {
  const reader = new EventReader(path, 0);
  const events = await reader.next({ maxEvents: 1_000_000, maxBytes: 1e9 });
  await reader.close();
  return events.map((one) => one.event);
}

/** The next write takes a few bytes and then finds the disk full. */
async function fillDiskOnce(): Promise<void> {
  const probe = await open(join(directory, 'probe'), 'w');
  const prototype: FileHandle = Object.getPrototypeOf(probe);
  await probe.close();
  vi.spyOn(prototype, 'appendFile').mockImplementationOnce(async function (this: FileHandle, data) {
    await this.write(String(data).slice(0, 50));
    throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
  });
}

describe('the events file', () => {
  it('[L3] waits for room on a full disk and loses nothing, what was half written neither', async () => {
    const file = await EventFile.create(path, AMPLE_ROOM);
    await file.append([event('before')]);
    await fillDiskOnce();
    await file.append([event('while it is full'), event('and more')]);
    expect(await file.close(9)).toBe(3);
    expect((await read()).map((one) => one.content)).toEqual(['before', 'while it is full', 'and more']);
  });

  it('takes nothing more once it is being closed: its last number stands', async () => {
    const file = await EventFile.create(path, AMPLE_ROOM);
    await file.append([event('one')]);
    const closed = file.close(9);
    await file.append([event('late')]);
    const lastSeq = await closed;
    await file.append([event('later')]);
    expect(await read()).toHaveLength(lastSeq);
  });

  it('[L3] numbers events from 1 in the order of their appending, whoever waits', async () => {
    const file = await EventFile.create(path, AMPLE_ROOM);
    const texts = Array.from({ length: 500 }, (_, index) => `e${index}`);
    await Promise.all(texts.map((text) => file.append([event(text)])));
    expect(await file.close(9)).toBe(500);
    expect((await read()).map((one) => one.content)).toEqual(texts);
  });

  it('is written by one supervisor only', async () => {
    const file = await EventFile.create(path, AMPLE_ROOM);
    await expect(EventFile.create(path, AMPLE_ROOM)).rejects.toThrow('EEXIST');
    await file.close(9);
  });

  it('cuts an event that is too long', async () => {
    const file = await EventFile.create(path, AMPLE_ROOM);
    await file.append([event('x'.repeat(2 * MAX_EVENT_BYTES))]);
    await file.close(9);
    const [cut] = await read();
    expect(JSON.stringify(cut).length).toBeLessThanOrEqual(MAX_EVENT_BYTES);
    expect(cut?.data).toMatchObject({ truncated: true });
  });

  it('beyond the quota drops all that follows, and says at the end how many', async () => {
    const file = await EventFile.create(path, AMPLE_ROOM, 1_000);
    for (let n = 0; n < 20; n += 1) await file.append([event('x'.repeat(n === 15 ? 0 : 100))]);
    const lastSeq = await file.close(9);
    const events = await read();
    expect(events).toHaveLength(lastSeq);
    expect(events.at(-1)).toMatchObject({
      timestamp: 9,
      data: { dropped: 20 - (lastSeq - 1), limit: 'MAX_LOG_BYTES' },
    });
    expect((await readFile(path)).length).toBeLessThan(1_500);
  });

  it('[L3] while the host has no room drops what comes, says once how many in their place, and goes on when there is room', async () => {
    const room = { isFull: false, quotaBytes: 7, note: () => {} };
    const file = await EventFile.create(path, room);
    await file.append([event('before')]);
    room.isFull = true;
    await file.append([event('a'), event('b')]);
    await file.append([event('c')]);
    room.isFull = false;
    await file.append([event('after'), event('and on')]);
    room.isFull = true;
    await file.append([event('d')]);
    const lastSeq = await file.close(9);
    const events = await read();
    expect(events).toHaveLength(lastSeq);
    expect(events.map((one) => one.content)).toEqual([
      'before',
      '3 events were dropped: the logs of all runs on this host had reached 7 bytes.',
      'after',
      'and on',
      expect.stringMatching(/^1 events/),
    ]);
    expect(events[1]?.data).toEqual({ dropped: 3, limit: 'MAX_HOST_LOG_BYTES' });
  });
});
