import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { Child } from '../e2e/harness/child.ts';
import { REPOSITORY } from '../e2e/harness/repository.ts';
import { within } from '../e2e/harness/wait.ts';
import { World } from '../e2e/harness/world.ts';

const world = new World();
afterAll(() => world.close());

const figures = z.strictObject({
  dispatchP50: z.number().positive(),
  dispatchP99: z.number().positive(),
  lifecyclesPerSecond: z.number().positive(),
  eventsPerSecond: z.number().positive(),
  eventDelayP50: z.number().positive(),
});
const report = z.looseObject({ product: figures, floor: figures, ratio: figures });

test('[C4] npm run bench writes its figures, each beside its floor, and leaves nothing running', async () => {
  const file = join(world.dir, 'bench.json');
  const child = new Child({
    command: [process.execPath, 'test/bench/main.ts', '--quick', '--json', file],
    cwd: REPOSITORY,
    env: { PATH: process.env.PATH ?? '', HOME: world.home, TMPDIR: world.dir },
  });
  world.onClose(() => child.killTree());
  const exit = await within('the end of the benchmark', child.exited, 100_000);
  expect(exit.code, child.output()).toBe(0);
  report.parse(JSON.parse(readFileSync(file, 'utf8')));
  expect(child.output()).toContain('POST → task:execute, p99');
  expect(child.output()).toContain('larger is slower');
  expect(world.processes()).toEqual([]);
});

test('npm run bench:attack measures what it says, under its load, and leaves nothing running', async () => {
  const child = new Child({
    command: [process.execPath, 'test/bench/attack/main.ts', '--rounds', '1', '--seconds', '1', '--warm-up', '20'],
    cwd: REPOSITORY,
    env: { PATH: process.env.PATH ?? '', HOME: world.home, TMPDIR: world.dir },
  });
  world.onClose(() => child.killTree());
  const exit = await within('the end of the benchmark', child.exited, 100_000);
  expect(exit.code, child.output()).toBe(0);
  expect(child.output()).toMatch(
    /median: POST p99 [\d.]+ ms, attack beside [\d.]+ ms .*one row [\d.]+ ms .*bare 401 [\d.]+ ms/,
  );
  expect(world.processes()).toEqual([]);
});
