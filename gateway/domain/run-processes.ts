/** Pure: no clock, no randomness, no storage, no network. */
import type { ProcessIdentity } from '../runs/files.ts';

/** One row of the machine's process table. */
export interface ProcessEntry {
  pid: number;
  ppid: number;
  /** Session id; null where the platform does not tell. */
  session: number | null;
  startTime: string;
  /** Dead, not yet collected by its parent. */
  zombie: boolean;
  /** Its environment bears the run's mark. */
  marked: boolean;
  /** ms of processor time that it and those of its children that it has collected have used. */
  cpuMs: number;
}

export interface RunMembers {
  /** The agent itself: leader of its own session; null when it is unknown. */
  agent: ProcessIdentity | null;
  /** Processes that an earlier look found to belong to the run; their parents may have died since. */
  known: readonly ProcessIdentity[];
  /** Pid of who sweeps: never part of a run, nor is the session that it began. */
  self: number;
}

/**
 * All living processes of a run: those known, those marked, the descendants of any of them, and all in a session that one of
 * them began; the last finds a process that cleared its environment and lost its parent. A marked process in somebody else's
 * session (a build server may give it to what it starts for a client) says nothing about its neighbours there.
 */
export function processesOfRun(table: readonly ProcessEntry[], target: RunMembers): ProcessEntry[] {
  const identities = [...target.known, ...(target.agent === null ? [] : [target.agent])];
  const known = new Set(identities.map(identityKey));
  const pids = new Set(table.map((entry) => entry.pid));
  // Their leaders are gone, and those pids not yet another's.
  const sessions = new Set(identities.filter(({ pid }) => !pids.has(pid)).map(({ pid }) => pid));
  const children = groupBy(table, (entry) => entry.ppid);
  const members = groupBy(table, (entry) => entry.session);
  const found = new Map<number, ProcessEntry>();
  const pending = table.filter(
    (entry) => entry.marked || known.has(identityKey(entry)) || (entry.session !== null && sessions.has(entry.session)),
  );
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    if (found.has(entry.pid) || entry.pid === target.self) continue;
    found.set(entry.pid, entry);
    pending.push(...(children.get(entry.pid) ?? []));
    if (entry.session === entry.pid) pending.push(...(members.get(entry.pid) ?? []));
  }
  return [...found.values()].filter((entry) => !entry.zombie);
}

function groupBy<K>(table: readonly ProcessEntry[], keyOf: (entry: ProcessEntry) => K): Map<K, ProcessEntry[]> {
  const groups = new Map<K, ProcessEntry[]>();
  for (const entry of table) {
    const group = groups.get(keyOf(entry));
    if (group === undefined) groups.set(keyOf(entry), [entry]);
    else group.push(entry);
  }
  return groups;
}

export function identityKey(identity: ProcessIdentity): string {
  return `${identity.pid} ${identity.startTime}`;
}
