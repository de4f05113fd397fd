import fc from 'fast-check';
import { expect, it } from 'vitest';
import { appendable, type EventsJob, MAX_APPEND_SIZE, mergeEvents } from '../../../../worker/domain/host-coalesce.ts';
import type { TaskJob } from '../../../../worker/domain/host-frames.ts';

const RUN = { taskId: 'task', attempt: 1, log: 'l' };

function events(first: number | null, count: number, size = 10): EventsJob {
  const list = Array.from({ length: count }, (_, index) => ({
    type: 'log' as const,
    content: `${(first ?? 0) + index}`,
    timestamp: 0,
  }));
  return { kind: 'events', run: RUN, first, events: list, size };
}

function waiting(job: TaskJob, epoch = 1) {
  return { job, epoch };
}

it('merges neighbours only', () => {
  const started: TaskJob = { kind: 'started', run: RUN, sessionId: '' };
  expect(appendable([])).toBe(0);
  expect(appendable([waiting(started), waiting(events(1, 1))])).toBe(1);
  expect(appendable([waiting(events(1, 2)), waiting(events(3, 1)), waiting(started), waiting(events(4, 1))])).toBe(2);
  expect(appendable([waiting(events(null, 1)), waiting(events(null, 1))])).toBe(2);
});

it('merges neither over a hole, nor a repeat, nor another connection, nor another attempt', () => {
  expect(appendable([waiting(events(1, 2)), waiting(events(4, 1))])).toBe(1);
  expect(appendable([waiting(events(1, 2)), waiting(events(2, 1))])).toBe(1);
  expect(appendable([waiting(events(1, 2)), waiting(events(3, 1), 2)])).toBe(1);
  expect(appendable([waiting(events(1, 2)), waiting({ ...events(3, 1), run: { ...RUN, attempt: 2 } })])).toBe(1);
});

it('is bounded, and neither loses nor reorders an event', () => {
  const sizes = fc.array(fc.record({ count: fc.integer({ min: 1, max: 4 }), size: fc.nat(MAX_APPEND_SIZE) }), {
    minLength: 1,
  });
  fc.assert(
    fc.property(sizes, (list) => {
      let next = 1;
      const jobs = list.map(({ count, size }) => {
        const job = events(next, count, size);
        next += count;
        return job;
      });
      const told: string[] = [];
      for (let queue = jobs; queue.length > 0; ) {
        const count = appendable(queue.map((job) => waiting(job)));
        const [head, ...rest] = queue.slice(0, count);
        if (head === undefined) throw new Error('nothing to append');
        const merged = mergeEvents([head, ...rest]);
        expect(count === 1 || merged.size <= MAX_APPEND_SIZE).toBe(true);
        expect(merged.first).toBe(told.length + 1);
        told.push(...merged.events.map((event) => event.content ?? ''));
        queue = queue.slice(count);
      }
      expect(told).toEqual(Array.from({ length: next - 1 }, (_, index) => `${index + 1}`));
    }),
  );
});
