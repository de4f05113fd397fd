import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DueKey, DueQueue } from '../../../../worker/domain/due-queue.ts';

const task = (id: string): DueKey => ({ kind: 'task', id });
const idsOf = (keys: DueKey[]): string[] => keys.map(({ id }) => id);

const changes = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    due: fc.option(fc.nat({ max: 20 })),
    takeAt: fc.option(fc.nat({ max: 20 })),
  }),
  { maxLength: 200 },
);

test('[R1] agrees with a plain map, whatever is set, moved, removed and taken', () => {
  fc.assert(
    fc.property(changes, (course) => {
      const queue = new DueQueue();
      const model = new Map<string, number>();
      for (const { key, due, takeAt } of course) {
        queue.set(task(key), due);
        if (due === null) model.delete(key);
        else model.set(key, due);
        expect(queue.earliest()).toBe(model.size === 0 ? null : Math.min(...model.values()));
        if (takeAt === null) continue;
        const expected = [...model].filter(([, at]) => at <= takeAt).map(([name]) => name);
        expect(idsOf(queue.takeDue(takeAt)).sort()).toEqual(expected.sort());
        for (const name of expected) model.delete(name);
      }
    }),
  );
});

test('gives back what is due, earliest first', () => {
  const queue = new DueQueue();
  queue.set(task('late'), 30);
  queue.set(task('early'), 10);
  queue.set(task('middle'), 20);
  expect(idsOf(queue.takeDue(30))).toEqual(['early', 'middle', 'late']);
});

test('tells a task from a host of the same name', () => {
  const queue = new DueQueue();
  queue.set({ kind: 'host', id: 'x' }, 1);
  queue.set({ kind: 'task', id: 'x' }, 2);
  expect(queue.takeDue(2)).toEqual([
    { kind: 'host', id: 'x' },
    { kind: 'task', id: 'x' },
  ]);
});

test('[R9] a deadline a week away does not outlive its task in memory', () => {
  const queue = new DueQueue();
  queue.set(task('lasting'), 50_000);
  for (let count = 0; count < 20_000; count += 1) {
    queue.set(task(`t${count}`), 100_000 + count);
    queue.set(task(`t${count}`), null);
  }
  for (let count = 0; count < 20_000; count += 1) queue.set(task('moving'), 200_000 + (count % 2));
  expect(queue.size).toBeLessThan(2_000);
  expect(idsOf(queue.takeDue(300_000))).toEqual(['lasting', 'moving']);
});
