import { sleep, within } from '../e2e/harness/wait.ts';
import { World } from '../e2e/harness/world.ts';
import { CapacityWatch } from './capacity.ts';
import { type Struck, strikeHost, strikeRun, strikeServer } from './faults.ts';
import { drawPlan, type FaultKind, type Plan, type Step } from './plan.ts';
import { untilAllEnded, untilAllStopped, untilNothingLeft } from './quiet.ts';
import { readStarts, type Start } from './records.ts';
import { HOSTS, MAX_ATTEMPTS, MAX_CONCURRENT, type Site, startSite } from './site.ts';
import type { Outcome } from './summary.ts';
import { drawTasks } from './tasks.ts';
import { violations } from './verify.ts';
import { type Handed, Workload } from './workload.ts';

/** More tasks than the hosts can do in a second. */
const TASKS_PER_SECOND = 10;
/** ms for a stream to say its last word once the task's log has. */
const STREAM_MS = 30_000;

/** A whole run: the plan, the quiet after it, and the judgement. `say` gets a line for each thing that happens. */
export async function runChaos(seed: number, seconds: number, say: (line: string) => void): Promise<Outcome> {
  const world = new World();
  try {
    const site = await startSite(world);
    const plan = drawPlan(seed, seconds, HOSTS);
    const workload = new Workload(site.server.api(), site.records, drawTasks(plan.tasks, seconds * TASKS_PER_SECOND));
    const capacity = new CapacityWatch(site);
    const ended = new AbortController();
    const counting = capacity.run(ended.signal);
    const working = workload.run();
    const struck = await strikeAll(site, plan, seconds * 1_000, say);
    say('every fault is mended; waiting for quiet');
    workload.stop();
    await working;
    const broken = [...site.complaints, ...workload.complaints, ...(await untilAllEnded(workload))];
    ended.abort();
    await counting;
    broken.push(...capacity.violations, ...(await untilNothingLeft(world, site)));
    const { lines, watched, found } = await judge(site, workload.handed, struck);
    broken.push(...found, ...(await untilAllStopped(world, site)));
    return {
      seed,
      seconds,
      struck,
      ended: new Map(
        workload.handed.map(({ assignment, task: { attempt, status } }) => [assignment.label, { attempt, status }]),
      ),
      lines,
      watched,
      samples: capacity.samples,
      mostAtOnce: capacity.mostAtOnce,
      maxConcurrent: MAX_CONCURRENT,
      violations: broken,
    };
  } finally {
    await world.close();
  }
}

/** Carries out the plan and lasts as long as it; all faults that struck, once everything is mended. */
async function strikeAll(site: Site, plan: Plan, ms: number, say: (line: string) => void): Promise<Struck[]> {
  const struck: Struck[] = [];
  const startedAt = Date.now();
  const carryOut = async <Kind extends FaultKind>(
    target: string,
    steps: readonly Step<Kind>[] = [],
    strike: (step: Step<Kind>) => Promise<Struck> | Struck | null,
  ) => {
    for (const step of steps) {
      await sleep(step.afterMs);
      say(`${((Date.now() - startedAt) / 1_000).toFixed(1)} s: ${step.kind} at ${target} for ${step.holdMs} ms`);
      const fault = await strike(step);
      if (fault !== null) struck.push(fault);
    }
  };
  await Promise.all([
    sleep(ms),
    carryOut('the server', plan.server, (step) => strikeServer(site, step)),
    ...site.hosts.flatMap((host, index) => [
      carryOut(host.daemon.hostId, plan.hosts[index], (step) => strikeHost(site, host, step)),
      carryOut(host.daemon.hostId, plan.runs[index], (step) => strikeRun(site, host, step)),
    ]),
  ]);
  return struck;
}

/** What was killed of each task, by its label. */
function killedOf(struck: readonly Struck[]): Map<string, Set<'agent' | 'supervisor'>> {
  const killed = new Map<string, Set<'agent' | 'supervisor'>>();
  for (const { kind, underWay } of struck) {
    if (kind !== 'agent-kill' && kind !== 'supervisor-kill') continue;
    for (const { label } of underWay) {
      const what = killed.get(label) ?? new Set();
      killed.set(label, what.add(kind === 'agent-kill' ? 'agent' : 'supervisor'));
    }
  }
  return killed;
}

function byLabel(starts: readonly Start[]): Map<string, Start[]> {
  const found = new Map<string, Start[]>();
  for (const start of starts) found.set(start.label, [...(found.get(start.label) ?? []), start]);
  return found;
}

async function judge(site: Site, handed: readonly Handed[], struck: readonly Struck[]) {
  const api = site.server.api();
  const killed = killedOf(struck);
  const starts = byLabel(readStarts(site.records));
  const found: string[] = [];
  let lines = 0;
  let watched = 0;
  for (const { assignment, id, aborted, watched: watching } of handed) {
    const { label } = assignment;
    const seen = watching === null ? null : await within(`stream of ${label}`, watching, STREAM_MS).catch(() => []);
    const [task, log] = [await api.task(id), await api.log(id)];
    lines += log.filter((entry) => 'event' in entry).length;
    if (seen !== null) watched += 1;
    found.push(
      ...violations({
        assignment,
        task,
        log,
        starts: starts.get(label) ?? [],
        killed: killed.get(label) ?? new Set(),
        aborted,
        watched: seen,
        maxAttempts: MAX_ATTEMPTS,
      }),
    );
  }
  return { lines, watched, found };
}
