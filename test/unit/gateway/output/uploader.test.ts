import { readFile, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Uplink } from '../../../../gateway/connection/uplink.ts';
import { ANSWER_TIMEOUT_MS } from '../../../../gateway/domain/upload.ts';
import { Uploader } from '../../../../gateway/output/uploader.ts';
import { encodeEventLine } from '../../../../gateway/runs/event-line.ts';
import type { ResultFile } from '../../../../gateway/runs/files.ts';
import { LocalRun } from '../../../../gateway/runs/local-run.ts';
import { MAX_BATCH_BYTES, MAX_BATCH_EVENTS, MAX_UNACKED_BYTES } from '../../../../shared/limits.ts';
import type { UpV1, UpV2 } from '../../../../shared/protocol/up.ts';
import { utf8Length } from '../../../../shared/utf8.ts';
import { openWorkshop, until, type Workshop } from '../../../support/runs.ts';

let workshop: Workshop;
let runs: LocalRun[];
beforeEach(async () => {
  workshop = await openWorkshop();
  runs = [];
});
afterEach(async () => {
  for (const run of runs) await run.close();
  await workshop.close();
});

/** A run on disk with `count` events of `size` bytes that has ended. */
async function finishedRun(count: number, size: number): Promise<LocalRun> {
  const directory = await workshop.run(await workshop.request(['true']));
  const lines = Array.from({ length: count }, (_, index) =>
    encodeEventLine(index + 1, { type: 'log', content: `${index + 1} `.padEnd(size, 'x'), timestamp: 1 }),
  );
  await writeFile(directory.file('EVENTS'), lines.join(''));
  const result: ResultFile = { lastSeq: count, finishedAt: 1, result: { success: true } };
  await writeFile(directory.file('RESULT'), JSON.stringify(result));
  const run = new LocalRun(directory);
  await run.refresh();
  runs.push(run);
  return run;
}

class RecordingUplink implements Uplink {
  readonly protocol: 1 | 2;
  readonly frames: (UpV1 | UpV2)[] = [];
  open = true;

  constructor(protocol: 1 | 2) {
    this.protocol = protocol;
  }

  send(message: UpV1 | UpV2): void {
    if (this.open) this.frames.push(message);
  }

  async flushed(): Promise<boolean> {
    return this.open;
  }

  batches() {
    return this.frames.filter((frame) => frame.type === 'task:events');
  }
}

function uploaderOver(uplink: Uplink, settled: LocalRun[] = []): Uploader {
  return new Uploader(uplink, { now: () => performance.now(), settle: (run) => settled.push(run) });
}

describe('over version 2', () => {
  test('bytes in flight are bounded over all runs, every run has its turn, and each event goes once and in order', async () => {
    const RUNS = 12;
    const EVENTS = 400;
    for (let index = 0; index < RUNS; index += 1) await finishedRun(EVENTS, 2000);
    const uplink = new RecordingUplink(2);
    const uploader = uploaderOver(uplink);
    for (const run of runs) uploader.add(run, { ackedSeq: 0 });
    const running = uploader.run();
    let answered = 0;
    const seen = new Map<string, number>();
    await until('every end', () => {
      const open = uplink.batches().slice(answered);
      const bytes = open.reduce((sum, batch) => sum + utf8Length(JSON.stringify(batch.events)), 0);
      expect(bytes).toBeLessThanOrEqual(MAX_UNACKED_BYTES + MAX_BATCH_BYTES);
      expect(new Set(open.map(({ taskId }) => taskId)).size).toBe(open.length);
      const [next] = open;
      if (next !== undefined) {
        expect(next.events.length).toBeLessThanOrEqual(MAX_BATCH_EVENTS);
        expect(next.seq).toBe((seen.get(next.taskId) ?? 0) + 1);
        const last = next.seq + next.events.length - 1;
        seen.set(next.taskId, last);
        answered += 1;
        uploader.ack(next, last);
      }
      return uplink.frames.filter(({ type }) => type === 'task:completed').length === RUNS;
    });
    expect([...seen.values()]).toEqual(Array(RUNS).fill(EVENTS));
    const firstTurns = uplink.batches().slice(0, RUNS);
    expect(new Set(firstTurns.map(({ taskId }) => taskId)).size).toBe(RUNS);
    uploader.stop();
    await running;
  });

  test('[L3] batches that the server lost are sent again, though nothing more may be in flight', async () => {
    const RUNS = MAX_UNACKED_BYTES / MAX_BATCH_BYTES + 2;
    for (let index = 0; index < RUNS; index += 1) await finishedRun(400, 2000);
    const uplink = new RecordingUplink(2);
    let now = 0;
    const uploader = new Uploader(uplink, { now: () => now, settle: () => {} });
    for (const run of runs) uploader.add(run, { ackedSeq: 0 });
    const running = uploader.run();
    const sent = await until('no more room', () => {
      const bytes = uplink.batches().reduce((sum, batch) => sum + utf8Length(JSON.stringify(batch.events)), 0);
      return bytes > MAX_UNACKED_BYTES ? uplink.batches() : null;
    });
    now = ANSWER_TIMEOUT_MS;
    for (const run of runs) uploader.changed(run);
    await until('all of them again', () => uplink.batches().length >= 2 * sent.length);
    expect(uplink.batches().slice(sent.length, 2 * sent.length)).toEqual(sent);
    uploader.stop();
    await running;
  });

  test('begins behind what the server has', async () => {
    const run = await finishedRun(10, 20);
    const uplink = new RecordingUplink(2);
    const uploader = uploaderOver(uplink);
    uploader.add(run, { ackedSeq: 7 });
    const running = uploader.run();
    const [batch] = await until('a batch', () => (uplink.batches().length > 0 ? uplink.batches() : null));
    expect(batch).toMatchObject({ seq: 8 });
    expect(batch?.events).toHaveLength(3);
    uploader.stop();
    await running;
  });
});

describe('over version 1', () => {
  const uploaded = z.object({ written: z.int() });

  test('[R13] events in order, then the end; another connection goes on behind what was written', async () => {
    const run = await finishedRun(10, 20);
    await writeFile(run.directory.file('UPLOADED'), JSON.stringify({ written: 4 }));
    const uplink = new RecordingUplink(1);
    const uploader = uploaderOver(uplink);
    uploader.add(run, { ackedSeq: 0 });
    const running = uploader.run();
    await until('the end', () => uplink.frames.some(({ type }) => type === 'task:completed'));
    const { taskId } = run.ref;
    expect(uplink.frames).toEqual([
      { type: 'task:started', taskId, sessionId: '' },
      ...[5, 6, 7, 8, 9, 10].map((n) => ({
        type: 'task:event',
        taskId,
        event: { type: 'log', content: `${n} `.padEnd(20, 'x'), timestamp: 1 },
      })),
      { type: 'task:completed', taskId, result: { success: true } },
    ]);
    const file = uploaded.parse(JSON.parse(await readFile(run.directory.file('UPLOADED'), 'utf8')));
    expect(file).toEqual({ written: 10 });
    uploader.stop();
    await running;
  });

  test('what a dead socket took is not counted as told', async () => {
    const run = await finishedRun(3, 20);
    const uplink = new RecordingUplink(1);
    uplink.flushed = async () => {
      uplink.open = false;
      return false;
    };
    const settled: LocalRun[] = [];
    const uploader = uploaderOver(uplink, settled);
    uploader.add(run, { ackedSeq: 0 });
    const running = uploader.run();
    await until('the socket is dead', () => !uplink.open);
    uploader.stop();
    await running;
    await expect(readFile(run.directory.file('UPLOADED'), 'utf8')).rejects.toThrow('ENOENT');
    expect(settled).toEqual([]);
  });
});
