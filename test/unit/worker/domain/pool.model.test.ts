import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isTerminal } from '../../../../shared/task.ts';
import { World, type WorldHost } from './pool-world.ts';

/** Sequences tried; DESIGN asks for ten thousand of them in every run of the checks. */
const SEQUENCES = 10_000;
/** ms; a few seconds' work, on a machine that may be busy. */
const TIMEOUT_MS = 120_000;

type Step = (world: World) => void;

function on(index: number, act: (world: World, host: WorldHost) => void): Step {
  return (world) => {
    const host = world.hosts[index % world.hosts.length];
    if (host !== undefined) act(world, host);
  };
}

function named(name: string, step: Step): { name: string; step: Step; toString(): string } {
  return { name, step, toString: () => name };
}

/** The agents of all that it was given fail, and the backoff goes by: rare enough in courses of single steps. */
function failAll(world: World, host: WorldHost): void {
  if (!host.isConnected) world.connect(host);
  world.deliverAll();
  world.startAll(host);
  while (host.runs.size > 0) world.end(host, 0, false, 0);
  world.pass(LONGEST_BACKOFF_MS);
}

const index = fc.nat({ max: 5 });
const policies = fc.constantFrom('requeue' as const, 'wait' as const, 'fail' as const, undefined);
/** ms; of the second retry below. */
const LONGEST_BACKOFF_MS = 8_000;
const retries = fc.constantFrom(undefined, { maxAttempts: 2, backoffMs: 100 }, { maxAttempts: 3, backoffMs: 4_000 });
const steps = fc.oneof(
  fc
    .tuple(policies, retries)
    .map(([policy, retry]) =>
      named(`create ${policy} ${JSON.stringify(retry)}`, (world) => world.create(policy, retry)),
    ),
  index.map((i) =>
    named(
      `connect h${i}`,
      on(i, (world, host) => world.connect(host)),
    ),
  ),
  index.map((i) =>
    named(
      `drop h${i}`,
      on(i, (world, host) => world.drop(host)),
    ),
  ),
  fc.constant(named('deliver', (world) => world.deliver())),
  fc.tuple(index, index).map(([i, j]) =>
    named(
      `start h${i} ${j}`,
      on(i, (world, host) => world.start(host, j)),
    ),
  ),
  fc.tuple(index, index).map(([i, j]) =>
    named(
      `refuse h${i} ${j}`,
      on(i, (world, host) => world.refuse(host, j)),
    ),
  ),
  fc.tuple(index, index, fc.boolean(), fc.nat({ max: 2 })).map(([i, j, ok, repeats]) =>
    named(
      `end h${i} ${j} ${ok} +${repeats}`,
      on(i, (world, host) => world.end(host, j, ok, repeats)),
    ),
  ),
  fc.nat({ max: 9 }).map((i) => named(`end again ${i}`, (world) => world.endAgain(i))),
  fc.constantFrom(0, 60_000).map((ms) => named(`restart ${ms}`, (world) => world.restart(ms))),
  fc.tuple(index, index).map(([i, j]) =>
    named(
      `old end h${i} ${j}`,
      on(i, (world, host) => world.endOverOldConnection(host, j)),
    ),
  ),
  fc.constant(named('deliver all', (world) => world.deliverAll())),
  index.map((i) =>
    named(
      `start all h${i}`,
      on(i, (world, host) => world.startAll(host)),
    ),
  ),
  index.map((i) =>
    named(
      `lose h${i}`,
      on(i, (world, host) => world.lose(host)),
    ),
  ),
  index.map((i) =>
    named(
      `fail all h${i}`,
      on(i, (world, host) => failAll(world, host)),
    ),
  ),
  fc.nat({ max: 9 }).map((i) => named(`abort ${i}`, (world) => world.abort(i))),
  fc.constantFrom(10, 999, 4_000, 15_000).map((ms) => named(`pass ${ms}`, (world) => world.pass(ms))),
);

const protocols = fc.array(fc.constantFrom<1 | 2>(1, 2), { minLength: 1, maxLength: 3 });

/** Everything comes back and finishes what it holds. */
function quiesce(world: World): void {
  for (
    let round = 0;
    round < 400 && world.created.some((id) => !isTerminal(world.pool.task(id)?.status ?? 'queued'));
    round += 1
  ) {
    for (const host of world.hosts) if (!host.isConnected) world.connect(host);
    while (world.executes.length > 0) world.deliver();
    for (const host of world.hosts) while (host.runs.size > 0) world.end(host, 0, true, 0);
    world.pass(2_000);
    world.check();
  }
}

/** What a task that was tried again must have come to in some course. */
const RETRIED = ['completed', 'failed', 'aborted', 'host_lost', 'twice'].map((what) => `retried, ${what}`);

/** Ends and attempts that the courses must have reached: a model that never gets there proves nothing. */
const REACHED = ['completed', 'failed', 'aborted', 'host_lost', 'second attempt', ...RETRIED];

test(
  '[L1][L2][L7][L8] any course of events, restarts included: no task lost, none ended twice, no host over its capacity',
  () => {
    const reached = new Set<string>();
    fc.assert(
      fc.property(protocols, fc.array(steps, { minLength: 15, maxLength: 80, size: 'max' }), (versions, course) => {
        const world = new World(versions);
        for (const { step } of course) {
          step(world);
          world.check();
        }
        quiesce(world);
        for (const id of world.created) {
          const task = world.pool.task(id);
          reached.add(task?.status ?? '').add(task?.error?.code ?? '');
          if ((task?.starts ?? 0) > 1) reached.add('second attempt');
          const failures = task?.failures?.length ?? 0;
          if (failures > 0) reached.add(`retried, ${task?.status}`).add(`retried, ${task?.error?.code}`);
          if (failures > 1) reached.add('retried, twice');
          expect(isTerminal(world.pool.task(id)?.status ?? 'queued'), `${id} is ${world.pool.task(id)?.status}`).toBe(
            true,
          );
          expect(world.ledger.commits.get(id)).toBe(1);
        }
      }),
      { numRuns: SEQUENCES },
    );
    expect([...reached]).toEqual(expect.arrayContaining(REACHED));
  },
  TIMEOUT_MS,
);
