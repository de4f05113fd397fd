import { startBareWorker } from './bare-worker.ts';
import type { Target } from './target.ts';

/** Those that `floor/worker.ts` has. */
const CLASSES = { SCHEDULER: 'SchedulerDO', HOST: 'HostDO', LOG: 'LogDO' };

/** The bare objects of `floor/worker.ts`. */
export async function startFloor(dir: string): Promise<Target> {
  const worker = await startBareWorker(dir, new URL('floor/worker.ts', import.meta.url), CLASSES);
  return { name: 'floor', token: () => 'none', ...worker };
}
