/** Which host a task may run on, which one is taken, and why it waits. Pure. */
import { agentOffered } from '../../shared/agent-names.ts';
import { neededFeatures } from '../../shared/features.ts';
import { inScope } from '../../shared/scope.ts';
import type { Waiting } from '../../shared/task.ts';
import { isReachable, type PoolHost, takesOffers } from './pool-host.ts';
import type { PoolTask } from './pool-task.ts';

/** What a task demands of a host; tasks with equal demands wait in one line. */
export type Demand = Pick<
  PoolTask,
  | 'agentType'
  | 'scope'
  | 'labels'
  | 'wantedHost'
  | 'refusals'
  | 'avoid'
  | 'hostId'
  | 'idleTimeout'
  | 'resumeSession'
  | 'permissions'
  | 'interactive'
  | 'workspace'
>;

/** A host with the number of its slots that are taken, or may be. */
export interface Candidate {
  host: PoolHost;
  active: number;
  /** Another task is, or may be, at work there in the session that is asked for. */
  sessionBusy?: boolean;
}

export function demandKey(demand: Demand): string {
  const labels = Object.entries(demand.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const refused = Object.entries(demand.refusals ?? {}).map(([hostId, { epoch }]) => `${epoch} ${hostId}`);
  const { agentType, wantedHost = null, avoid = null, hostId = null, resumeSession = null, scope = null } = demand;
  const features = neededFeatures(demand);
  return JSON.stringify([agentType, labels, wantedHost, refused.sort(), avoid, hostId, features, resumeSession, scope]);
}

function hasLabels(host: PoolHost, demand: Demand): boolean {
  if (demand.labels === undefined) return true;
  const labels = host.capabilities.labels ?? {};
  return Object.entries(demand.labels).every(([name, value]) => labels[name] === value);
}

/** By the token that created the task. */
function isReached({ hostId, capabilities }: PoolHost, { scope }: Demand): boolean {
  return inScope({ hostId, labels: capabilities.labels ?? {} }, scope);
}

function hasAgent(host: PoolHost, demand: Demand): boolean {
  return agentOffered(host.capabilities.agents, demand.agentType) !== null;
}

/** The task's agent as that host calls it. */
export function agentNameOn(host: PoolHost, { agentType }: Pick<Demand, 'agentType'>): string {
  return agentOffered(host.capabilities.agents, agentType) ?? agentType;
}

function hasFeatures(host: PoolHost, demand: Demand): boolean {
  return neededFeatures(demand).every((feature) => host.features.includes(feature));
}

/** Agent, labels, features and host id are right; whether it is online, free or willing is another matter. */
export function fits(host: PoolHost, demand: Demand): boolean {
  if (demand.wantedHost !== undefined && demand.wantedHost !== host.hostId) return false;
  return isReached(host, demand) && hasAgent(host, demand) && hasLabels(host, demand) && hasFeatures(host, demand);
}

/** It has refused the task for good and not registered since (rule 3). */
export function hasRefused(host: PoolHost, demand: Demand): boolean {
  return demand.refusals?.[host.hostId]?.epoch === host.epoch;
}

/** Every refusal of the task in the hosts' words. */
export function refusalWords(refusals: Demand['refusals']): string {
  return list(Object.entries(refusals ?? {}), ([hostId, { words }]) => `${hostId}: ${words}`, '; ');
}

function load(candidate: Candidate): number {
  return candidate.active / candidate.host.capabilities.maxConcurrent;
}

/** Least loaded first, by share of slots; then the one with more slots free; then by id, so that the choice is stable. */
function isBetter(a: Candidate, b: Candidate): boolean {
  if (load(a) !== load(b)) return load(a) < load(b);
  const freeA = a.host.capabilities.maxConcurrent - a.active;
  const freeB = b.host.capabilities.maxConcurrent - b.active;
  if (freeA !== freeB) return freeA > freeB;
  return a.host.hostId < b.host.hostId;
}

/** The host to offer the task to, or null while none is free. The host that was lost with it is taken only for want of another. */
export function pickHost(candidates: Iterable<Candidate>, demand: Demand, now: number): PoolHost | null {
  let best: Candidate | null = null;
  let lastResort: PoolHost | null = null;
  for (const candidate of candidates) {
    const { host } = candidate;
    // A new offer to the host that may still run the old one takes that one's place.
    const active = candidate.active - (host.hostId === demand.hostId ? 1 : 0);
    if (active >= host.capabilities.maxConcurrent || !takesOffers(host, now) || !fits(host, demand)) continue;
    if (hasRefused(host, demand) || candidate.sessionBusy === true) continue;
    if (host.hostId === demand.avoid) lastResort = host;
    else if (best === null || isBetter(candidate, best)) best = candidate;
  }
  return best?.host ?? lastResort;
}

/** Names that one message holds at most: a pool may have a thousand hosts. */
const MAX_NAMED = 5;

function list<T>(items: readonly T[], nameOf: (item: T) => string, separator = ', '): string {
  if (items.length === 0) return 'none';
  const named = items.slice(0, MAX_NAMED).map(nameOf).join(separator);
  const rest = items.length - MAX_NAMED;
  return rest > 0 ? `${named}${separator}and ${rest} more` : named;
}

function waitForWantedHost(host: PoolHost | undefined, hostId: string): Waiting | null {
  if (host === undefined) return { reason: 'unknown_host', message: `No host "${hostId}" has ever registered.` };
  if (!host.online) return { reason: 'host_offline', message: `Host "${hostId}" is offline.` };
  return null;
}

/** Why a queued task waits, most fundamental reason first; null when a host is free for it. */
export function waitingFor(candidates: Iterable<Candidate>, demand: Demand): Waiting | null {
  const reachable: Candidate[] = [];
  let wanted: PoolHost | undefined;
  for (const candidate of candidates) {
    const { host } = candidate;
    // As if there were no others: a message names none of them.
    if (!isReached(host, demand)) continue;
    if (host.hostId === demand.wantedHost) wanted = host;
    if (host.online && (demand.wantedHost === undefined || host === wanted)) reachable.push(candidate);
  }
  if (demand.wantedHost !== undefined) {
    const waiting = waitForWantedHost(wanted, demand.wantedHost);
    if (waiting !== null) return waiting;
  }
  if (reachable.length === 0) return { reason: 'no_host_online', message: 'No host is online.' };
  const withAgent = reachable.filter(({ host }) => hasAgent(host, demand));
  if (withAgent.length === 0) {
    const agents = new Set(reachable.flatMap(({ host }) => host.capabilities.agents));
    const offered = list([...agents], String);
    return {
      reason: 'no_host_with_agent',
      message: `No online host offers "${demand.agentType}"; offered: ${offered}.`,
    };
  }
  const withLabels = withAgent.filter(({ host }) => hasLabels(host, demand));
  if (withLabels.length === 0) {
    const labels = list(Object.entries(demand.labels ?? {}), ([name, value]) => `${name}=${value}`);
    return {
      reason: 'no_host_with_labels',
      message: `No online host with "${demand.agentType}" has the labels ${labels}.`,
    };
  }
  const fitting = withLabels.filter(({ host }) => hasFeatures(host, demand));
  if (fitting.length === 0) {
    const needed = neededFeatures(demand).join(', ');
    return {
      reason: 'no_host_with_features',
      message: `No online host that fits offers what the task needs (${needed}): its gateway is too old for that.`,
    };
  }
  const willing = fitting.filter(({ host }) => !hasRefused(host, demand));
  if (willing.length === 0) {
    const words = refusalWords(demand.refusals);
    return { reason: 'refused_by_hosts', message: `Every online host that fits has refused the task. ${words}` };
  }
  if (willing.every(({ sessionBusy }) => sessionBusy)) {
    return { reason: 'session_busy', message: `Another task is at work in session "${demand.resumeSession}".` };
  }
  if (willing.some(isFree)) return null;
  const slots = list(willing, slotsOf);
  return { reason: 'all_hosts_busy', message: `Every host that fits is busy or not answering: ${slots}.` };
}

function slotsOf({ host, active }: Candidate): string {
  const words = host.heldUntil === undefined || host.full === undefined ? '' : ` (${host.full.words})`;
  return `${host.hostId} ${active}/${host.capabilities.maxConcurrent}${words}`;
}

function isFree({ host, active }: Candidate): boolean {
  return isReachable(host) && host.heldUntil === undefined && active < host.capabilities.maxConcurrent;
}
