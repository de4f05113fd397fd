import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { killQuietly } from '../e2e/harness/proc.ts';
import { sleep } from '../e2e/harness/wait.ts';
import type { FaultKind, HostFault, RunFault, ServerFault, Step } from './plan.ts';
import { agentsAtWork, type Start } from './records.ts';
import type { ChaosHost, Site } from './site.ts';

/** Characters of a process's output that tell why it ended. */
const TAIL = 2_000;

/** A fault that was done, and the agents at work where it struck. */
export interface Struck {
  kind: FaultKind;
  underWay: readonly Start[];
}

/** Does what the step says and resolves once that is mended. */
export async function strikeHost(site: Site, host: ChaosHost, { kind, holdMs }: Step<HostFault>): Promise<Struck> {
  const { daemon, link } = host;
  const struck = { kind, underWay: agentsAtWork(site.records, daemon.cwd) };
  if (daemon.child.ended) {
    site.complaints.push(`${daemon.hostId} ended by itself: ${daemon.child.output().slice(-TAIL)}`);
    daemon.startAgain();
  }
  switch (kind) {
    case 'cut':
      link.set('refuse');
      break;
    case 'half-open':
      link.set('swallow');
      break;
    case 'slow':
      link.set('slow');
      break;
    case 'doubled':
      link.double();
      break;
    case 'frozen':
      killQuietly(daemon.child.pid, 'SIGSTOP');
      await sleep(holdMs);
      killQuietly(daemon.child.pid, 'SIGCONT');
      return struck;
    case 'daemon-kill':
    case 'daemon-away':
      await daemon.crash();
      await sleep(holdMs);
      daemon.startAgain();
      return struck;
    case 'daemon-restart':
      await daemon.stop();
      await sleep(holdMs);
      daemon.startAgain();
      return struck;
  }
  await sleep(holdMs);
  link.set('pass');
  return struck;
}

/** Kills one supervisor or agent; null when there is none. */
export function strikeRun(site: Site, { daemon }: ChaosHost, { kind, pick }: Step<RunFault>): Struck | null {
  const atWork = agentsAtWork(site.records, daemon.cwd);
  const supervisors = new Map(supervisorsOf(daemon.stateDir).map(({ run, pid }) => [run, pid]));
  const victims = atWork.filter(({ run }) => supervisors.has(run));
  const victim = victims[Math.floor(pick * victims.length)];
  if (victim === undefined) return null;
  killQuietly(kind === 'agent-kill' ? victim.pid : (supervisors.get(victim.run) ?? victim.pid), 'SIGKILL');
  return { kind, underWay: [victim] };
}

/** Does what the step says to the server, where every agent is under way. */
export async function strikeServer(site: Site, { kind, holdMs }: Step<ServerFault>): Promise<Struck> {
  const { server, hosts, records } = site;
  if (server.child.ended) site.complaints.push(`the server ended by itself: ${server.child.output().slice(-TAIL)}`);
  const underWay = hosts.flatMap(({ daemon }) => agentsAtWork(records, daemon.cwd));
  if (kind === 'server-kill') await server.crash();
  else await server.stop();
  await sleep(holdMs);
  await server.startAgain();
  return { kind, underWay };
}

/** Living supervisors of a state directory, by the name of their run. */
function supervisorsOf(stateDir: string): { run: string; pid: number }[] {
  const runs = join(stateDir, 'runs');
  if (!existsSync(runs)) return [];
  return readdirSync(runs).flatMap((run) => {
    try {
      const pid = Number(JSON.parse(readFileSync(join(runs, run, 'supervisor.json'), 'utf8')).pid);
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(join(runs, run)) ? [{ run, pid }] : [];
    } catch {
      return [];
    }
  });
}
