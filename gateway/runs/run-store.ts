import type { RunRef } from '../../shared/protocol/run-ref.ts';
import type { KnownRun } from '../domain/admission.ts';
import { type LocalRun, runKey } from './local-run.ts';

/** Settled attempts that are remembered, so that a late `execute` for one is not run again. */
const MAX_REMEMBERED = 1_000;

/** The runs of this host, oldest first, with the slots that are being filled. */
export class RunStore {
  readonly #runs = new Map<string, LocalRun>();
  readonly #reserved = new Map<string, RunRef>();
  readonly #settled = new Set<string>();

  get(ref: RunRef): LocalRun | undefined {
    return this.#runs.get(runKey(ref));
  }

  all(): LocalRun[] {
    return [...this.#runs.values()];
  }

  /** Runs of which the server is still to be told something. */
  owed(): LocalRun[] {
    return this.all().filter((run) => run.owed !== 'nothing');
  }

  /** Runs whose agent may be alive. */
  active(): LocalRun[] {
    return this.all().filter((run) => run.result === null);
  }

  add(run: LocalRun): void {
    this.#runs.set(run.key, run);
  }

  remove(run: LocalRun): void {
    if (this.#runs.delete(run.key)) this.remember(run.key);
  }

  /** Of a run that was settled, its key. */
  remember(key: string): void {
    this.#settled.add(key);
    const [oldest] = this.#settled;
    if (this.#settled.size > MAX_REMEMBERED && oldest !== undefined) this.#settled.delete(oldest);
  }

  wasSettled(ref: RunRef): boolean {
    return this.#settled.has(runKey(ref));
  }

  /** Takes a slot while the run's directory is made; the answer gives it back. */
  reserve(ref: RunRef): () => void {
    const key = runKey(ref);
    this.#reserved.set(key, ref);
    return () => this.#reserved.delete(key);
  }

  known(): KnownRun[] {
    const runs = this.all().map((run) => ({
      ...run.ref,
      active: run.result === null,
      ending: run.abortRequested || run.owed !== 'all',
      unsettled: run.owed !== 'nothing',
    }));
    const reserved = [...this.#reserved.values()].map((ref) => ({
      ...ref,
      active: true,
      ending: false,
      unsettled: true,
    }));
    return [...runs, ...reserved];
  }
}
