import { sleep } from '../e2e/harness/wait.ts';
import { agentsAtWork } from './records.ts';
import { MAX_CONCURRENT, type Site } from './site.ts';

const SAMPLE_MS = 100;

/** Counts the agents at work on each host, by their own records, until told to stop. */
export class CapacityWatch {
  samples = 0;
  mostAtOnce = 0;
  readonly violations: string[] = [];
  readonly #site: Site;
  readonly #startedAt = Date.now();

  constructor(site: Site) {
    this.#site = site;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const { daemon } of this.#site.hosts) {
        const agents = agentsAtWork(this.#site.records, daemon.cwd);
        this.mostAtOnce = Math.max(this.mostAtOnce, agents.length);
        if (agents.length > MAX_CONCURRENT) {
          const runs = agents.map(({ label, run }) => `${label} ${run}`).join(', ');
          this.violations.push(
            `${Date.now() - this.#startedAt} ms: ${daemon.hostId} had ${agents.length} agents at work: ${runs}`,
          );
        }
      }
      this.samples += 1;
      await sleep(SAMPLE_MS);
    }
  }
}
