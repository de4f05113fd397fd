import { expect, test } from 'vitest';
import { type IdleLook, type IdleState, idleFrom, lookAgain } from '../../../../gateway/domain/idle.ts';
import type { ProcessEntry } from '../../../../gateway/domain/run-processes.ts';

const PERIOD_MS = 100;
/** No output at all. */
const NEVER = Number.POSITIVE_INFINITY;

function busy(cpuMs: number, pid = 10): ProcessEntry {
  return { pid, ppid: 1, session: pid, startTime: `t${pid}`, zombie: false, marked: true, cpuMs };
}

/** One look a period, with the processes that it finds. */
function looks(tables: ProcessEntry[][], more: Partial<IdleLook> = {}): IdleState {
  return tables.reduce(
    (state, processes) =>
      lookAgain(state, {
        now: state.lookedAt + PERIOD_MS,
        outputQuietMs: NEVER,
        processes,
        periodMs: PERIOD_MS,
        ...more,
      }),
    idleFrom(0),
  );
}

test('[R16] silence adds up from look to look', () => {
  expect(looks([[busy(0)], [busy(0)], [busy(0)]]).quietMs).toBe(300);
});

test('[R16] output ends the silence', () => {
  expect(looks([[], [], []], { outputQuietMs: 20 }).quietMs).toBe(20);
});

test('[R16] processor time of any process ends it', () => {
  const idle = [busy(500), busy(7, 11)];
  expect(looks([idle, idle, idle]).quietMs).toBe(200);
  expect(looks([idle, idle, [busy(500), busy(17, 11)]]).quietMs).toBe(0);
  expect(looks([idle, idle, [...idle, busy(10, 12)]]).quietMs).toBe(0);
});

test('[R16] less than a fiftieth of a processor is what a waiting agent uses', () => {
  expect(looks([[busy(1)], [busy(2)], [busy(3)]]).quietMs).toBe(300);
});

test('[R16] a process that ended takes its time with it, and that is no work', () => {
  expect(looks([[busy(0), busy(0, 11)], [busy(0)]]).quietMs).toBe(200);
});

test('[R16] a look that comes late says nothing of the time between', () => {
  const state = looks([[]]);
  const late = lookAgain(state, { now: 60_000, outputQuietMs: NEVER, processes: [], periodMs: PERIOD_MS });
  expect(late.quietMs).toBe(300);
});
