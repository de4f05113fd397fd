/** Which active tasks sit on which host, and how many of its slots they hold. Pure. */
import { holdsSlot, type PoolTask } from './pool-task.ts';

interface Load {
  tasks: Map<string, PoolTask>;
  slots: number;
}

export class HostLoads {
  readonly #loads = new Map<string, Load>();

  /** A task without a host is nowhere. */
  add(task: PoolTask): void {
    if (task.hostId === undefined) return;
    const load = this.#loads.get(task.hostId) ?? { tasks: new Map<string, PoolTask>(), slots: 0 };
    this.#loads.set(task.hostId, load);
    load.tasks.set(task.id, task);
    if (holdsSlot(task)) load.slots += 1;
  }

  /** Takes away what `add` was given. */
  remove(task: PoolTask): void {
    if (task.hostId === undefined) return;
    const load = this.#loads.get(task.hostId);
    if (load === undefined || !load.tasks.delete(task.id)) return;
    if (holdsSlot(task)) load.slots -= 1;
    if (load.tasks.size === 0) this.#loads.delete(task.hostId);
  }

  tasks(hostId: string): PoolTask[] {
    return [...(this.#loads.get(hostId)?.tasks.values() ?? [])];
  }

  /** Slots that are taken or may be: those of waiting tasks whose last offer the host may still be running included. */
  active(hostId: string): number {
    return this.#loads.get(hostId)?.tasks.size ?? 0;
  }

  /** Slots that are taken for sure. */
  slots(hostId: string): number {
    return this.#loads.get(hostId)?.slots ?? 0;
  }
}
