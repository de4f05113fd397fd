import type { Env } from '../env.ts';
import { hostObjectName } from '../names.ts';
import type { HostForWorker, LogApi, SchedulerForWorker } from '../rpc.ts';
import type { AccessApi } from '../rpc-access.ts';

/** What a stub of an object can do besides its calls. */
export interface Fetchable {
  fetch(input: Request | string, init?: RequestInit): Promise<Response>;
}

/** The objects that routes talk to. A fresh stub for each call: a stub stays broken after its object was reset. */
export interface Objects {
  scheduler(pool: string): SchedulerForWorker;
  host(pool: string, hostId: string): HostForWorker & Fetchable;
  access(pool: string): AccessApi & Fetchable;
  /** By the name that the task's row holds. */
  log(name: string): LogApi & Fetchable;
}

export function objectsOf(env: Env): Objects {
  return {
    scheduler: (pool) => env.SCHEDULER.getByName(pool),
    host: (pool, hostId) => env.HOST.getByName(hostObjectName(pool, hostId)),
    access: (pool) => env.ACCESS.getByName(pool),
    log: (name) => env.LOG.getByName(name),
  };
}
