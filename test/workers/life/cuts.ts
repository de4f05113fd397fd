import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { hostStub } from '../host/client.ts';
import { until } from '../host/pool.ts';

/** The objects that take part in a task's life. */
export type Target = 'scheduler' | 'host' | 'log';

export interface Means {
  /** `sleep`: evicted, its sockets stay open; `close`: evicted and its sockets closed; `crash`: reset at once, with whatever is under way. */
  how: 'sleep' | 'close' | 'crash';
  targets: readonly Target[];
}

export interface Objects {
  pool: string;
  /** Name of the task's log object; null while there is no task. */
  log: string | null;
}

function stubsOf(target: Target, { pool, log }: Objects): (() => DurableObjectStub) | null {
  if (target === 'scheduler') return () => env.SCHEDULER.getByName(pool);
  if (target === 'host') return () => hostStub(pool, 'box');
  return log === null ? null : () => env.LOG.getByName(log);
}

/** The instance that answers now: another one after each eviction. */
function instanceOf(stub: DurableObjectStub): Promise<object> {
  return runInDurableObject(stub, (instance) => instance);
}

/** The same after a crash, of which the first call or two still hear. */
async function nextInstance(fresh: () => DurableObjectStub): Promise<object> {
  const found = await until(
    () => instanceOf(fresh()).catch(() => null),
    (instance) => instance !== null,
  );
  if (found === null) throw new Error('no instance');
  return found;
}

async function crash(stub: DurableObjectStub): Promise<void> {
  await runInDurableObject(stub, (_, ctx) => ctx.abort('crash')).catch(() => {});
}

/** Cuts one object's life short while calls and frames may be under way: one that sleeps already is left alone. */
async function cutInFlight(stub: DurableObjectStub, how: Means['how']): Promise<void> {
  if (how === 'crash') await crash(stub);
  else await evictDurableObject(stub, { webSockets: how === 'close' ? 'close' : 'hibernate' }).catch(() => {});
}

/** The same while nothing is under way. Throws when the object lives on: it would prove nothing. */
async function cutAtRest(fresh: () => DurableObjectStub, how: Means['how']): Promise<void> {
  const stub = fresh();
  const before = await instanceOf(stub);
  if (how === 'crash') await crash(stub);
  else await evictDurableObject(stub, { webSockets: how === 'close' ? 'close' : 'hibernate' });
  // By name anew: a stub stays broken after a crash.
  if ((await nextInstance(fresh)) === before) throw new Error('the object was not evicted');
}

export async function cut({ how, targets }: Means, timing: 'in flight' | 'at rest', objects: Objects): Promise<void> {
  const one = async (target: Target): Promise<void> => {
    const fresh = stubsOf(target, objects);
    if (fresh === null) return;
    await (timing === 'in flight' ? cutInFlight(fresh(), how) : cutAtRest(fresh, how));
  };
  await Promise.all(targets.map(one));
  // What a crash has torn off is taken up by the alarm, which would fire within seconds.
  if (how === 'crash') {
    await until(
      () => runDurableObjectAlarm(env.SCHEDULER.getByName(objects.pool)).catch(() => null),
      (ran) => ran !== null,
    );
  }
}
