import type { Nudge } from '../../domain/pool-effects.ts';
import type { OwedRow } from '../../store/scheduler-store.ts';
import type { HostItem } from './host-lane.ts';
import { Lane } from './lane.ts';
import type { Outbox } from './outbox.ts';

/** Rows that one call to a log object takes: bounds the call, and many status changes still merge into one. */
const LOG_BATCH = 500;

export interface LanesDeps {
  outbox: Outbox;
  sendToLog(log: string, rows: number[]): Promise<void>;
  sendToHost(hostId: string, item: HostItem): Promise<void>;
  retryAt(at: number): void;
  now(): number;
}

/** One lane per target object: a slow or broken one holds up nobody else (rule 8). */
export class Lanes {
  readonly #deps: LanesDeps;
  readonly #logs = new Map<string, Lane<number>>();
  readonly #hosts = new Map<string, Lane<HostItem>>();

  constructor(deps: LanesDeps) {
    this.#deps = deps;
  }

  /** True when nothing is under way or waits to be tried again. */
  get isIdle(): boolean {
    for (const lane of this.#all()) if (!lane.isIdle) return false;
    return true;
  }

  /** Objects to which the last delivery failed. */
  get failing(): number {
    return [...this.#all()].filter(({ isFailing }) => isFailing).length;
  }

  /** The earliest retry, or null. */
  nextRetry(): number | null {
    let earliest: number | null = null;
    for (const { nextRetry } of this.#all()) {
      if (nextRetry !== null && (earliest === null || nextRetry < earliest)) earliest = nextRetry;
    }
    return earliest;
  }

  /** Takes up what is owed to logs; it goes with `deliver`, or with what goes to the same object before. */
  gather(rows: readonly OwedRow[]): void {
    for (const { id, owed } of rows) if ('log' in owed) this.#log(owed.log).push(id);
  }

  /** Delivers what was gathered for the logs of these rows; resolves when their lanes rest. */
  async deliver(rows: readonly OwedRow[]): Promise<void> {
    const logs = new Set(rows.flatMap(({ owed }) => ('log' in owed ? [owed.log] : [])));
    await this.#run([...logs].flatMap((log) => this.#logs.get(log) ?? []));
  }

  /** Takes up what a commit owes to hosts and delivers it; resolves when their lanes rest. */
  async take(rows: readonly OwedRow[], nudges: readonly Nudge[]): Promise<void> {
    const touched = new Set<Lane<HostItem>>();
    for (const { id, owed } of rows) {
      if ('hostId' in owed) touched.add(push(this.#host(owed.hostId), { row: id }));
    }
    for (const nudge of nudges) {
      const lane = this.#host(nudge.hostId);
      if (nudge.kind === 'unpark')
        for (const id of this.#deps.outbox.parkedInputs(nudge.hostId)) push(lane, { row: id });
      else push(lane, { nudge });
      touched.add(lane);
    }
    await this.#run(touched);
  }

  /** Tries again what failed and may be tried now. */
  async retry(): Promise<void> {
    await this.#run(this.#all());
  }

  async #run(lanes: Iterable<Lane<number> | Lane<HostItem>>): Promise<void> {
    await Promise.all([...lanes].map((lane) => lane.run()));
    this.#forgetIdle();
  }

  *#all(): Generator<Lane<number> | Lane<HostItem>> {
    yield* this.#logs.values();
    yield* this.#hosts.values();
  }

  #forgetIdle(): void {
    for (const [name, lane] of this.#logs) if (lane.isIdle) this.#logs.delete(name);
    for (const [hostId, lane] of this.#hosts) if (lane.isIdle) this.#hosts.delete(hostId);
  }

  #log(name: string): Lane<number> {
    const lane =
      this.#logs.get(name) ??
      new Lane<number>({
        batch: LOG_BATCH,
        send: (rows) => this.#deps.sendToLog(name, rows),
        retryAt: this.#deps.retryAt,
        now: this.#deps.now,
        describe: `log ${name}`,
      });
    this.#logs.set(name, lane);
    return lane;
  }

  #host(hostId: string): Lane<HostItem> {
    const lane =
      this.#hosts.get(hostId) ??
      new Lane<HostItem>({
        batch: 1,
        send: async (items) => {
          for (const item of items) await this.#deps.sendToHost(hostId, item);
        },
        retryAt: this.#deps.retryAt,
        now: this.#deps.now,
        describe: `host ${hostId}`,
      });
    this.#hosts.set(hostId, lane);
    return lane;
  }
}

function push<T>(lane: Lane<T>, item: T): Lane<T> {
  lane.push(item);
  return lane;
}
