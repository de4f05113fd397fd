import { treeOf } from '../e2e/harness/proc.ts';
import { until } from '../e2e/harness/wait.ts';
import type { World } from '../e2e/harness/world.ts';
import type { Site } from './site.ts';
import type { Workload } from './workload.ts';

/** ms for everything to end once nothing is broken any more: several graces, backoffs and kills one after another. */
const QUIET_MS = 180_000;
/** ms from the last task's end to the last process's: TERM, 5 s, KILL, and a look at the work tree. */
const VANISH_MS = 30_000;
/** Exit code of an orderly end. */
const OK = 0;

/** Waits for the end of every task; says which do not end. */
export async function untilAllEnded(workload: Workload): Promise<string[]> {
  const allEnded = async () => {
    await workload.refresh();
    return workload.unfinished.length === 0 ? true : undefined;
  };
  await until('the end of every task', allEnded, QUIET_MS).catch(() => {});
  return workload.unfinished.map(({ id, assignment, task }) => {
    const { status, attempt, hostId, waiting } = task;
    return `${assignment.label} (${id}) never ended: ${status}, attempt ${attempt}, host ${hostId}, ${waiting?.message}`;
  });
}

/** Waits until nothing runs but the server and the daemons; says what does. */
export async function untilNothingLeft(world: World, site: Site): Promise<string[]> {
  const leftOver = () => {
    const own = new Set([...treeOf(site.server.child.pid), ...site.hosts.map(({ daemon }) => daemon.child.pid)]);
    return world.processes().filter(({ pid }) => !own.has(pid));
  };
  await until('the end of every process', () => (leftOver().length === 0 ? true : undefined), VANISH_MS).catch(
    () => {},
  );
  return leftOver().map(({ pid, command }) => `left running: ${pid} ${command}`);
}

/** Ends daemons and server as a service manager does; says what did not end well, or left something. */
export async function untilAllStopped(world: World, site: Site): Promise<string[]> {
  const found: string[] = [];
  for (const { daemon } of site.hosts) {
    const code = await daemon.stop();
    if (code !== OK) found.push(`${daemon.hostId} ended with ${code}: ${daemon.child.output().slice(-2_000)}`);
  }
  const code = await site.server.stop();
  if (code !== OK) found.push(`the server ended with ${code}`);
  return [...found, ...world.processes().map(({ pid, command }) => `left running at the end: ${pid} ${command}`)];
}
