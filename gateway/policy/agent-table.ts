import { agentOffered } from '../../shared/agent-names.ts';
import { resolveAgent } from '../agents/find-command.ts';
import { findAgents } from '../agents/known-agents.ts';
import type { AgentSpec } from '../runs/files.ts';

export interface AgentTable {
  agents: ReadonlyMap<string, AgentSpec>;
  /** Versions of those that were found, as far as they are known. */
  versions: ReadonlyMap<string, string>;
  /** Agents of the file whose program is not there; announced all the same, for it may be installed later. */
  withoutProgram: string[];
  /** Names that `only` asks for and nobody has. */
  unknown: string[];
}

/**
 * The agents of this host: those found on `searchPath` and those of the file, which win; narrowed to `only` unless that is
 * null. Programs become absolute paths, for a task's directory must not decide which one runs.
 */
export async function agentTable(
  searchPath: string,
  custom: Readonly<Record<string, AgentSpec>>,
  only: readonly string[] | null,
): Promise<AgentTable> {
  const isWanted = (name: string) => only === null || agentOffered(only, name) !== null;
  const all = new Map<string, AgentSpec>();
  const versions = new Map<string, string>();
  for (const [name, { spec, version }] of Object.entries(await findAgents(searchPath))) {
    all.set(name, spec);
    if (version !== null) versions.set(name, version);
  }
  const withoutProgram: string[] = [];
  for (const [name, spec] of Object.entries(custom)) {
    if (!isWanted(name)) continue;
    const resolved = await resolveAgent(spec, searchPath);
    if (resolved === null) withoutProgram.push(name);
    all.set(name, resolved ?? spec);
    versions.delete(name);
  }
  const agents = new Map([...all].filter(([name]) => isWanted(name)));
  const unknown = (only ?? []).filter((name) => agentOffered([...agents.keys()], name) === null);
  return { agents, versions, withoutProgram, unknown };
}

/** Agents that can be given no `task:input`. */
export function withoutInput(agents: ReadonlyMap<string, AgentSpec>): string[] {
  return [...agents].filter(([, spec]) => !takesInput(spec)).map(([name]) => name);
}

/** As the CLIs that print JSON lines name their sessions. To them other words may mean the latest one, a title, or a new session. */
const SESSION_UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Why the agent cannot go on with that session; null when it may. Whether there is such a session it says itself. */
export function sessionProblem({ protocol }: AgentSpec, sessionId: string): string | null {
  if (protocol === 'text') return 'it has none that this host knows of';
  if (protocol === 'opencode' || protocol === 'acp' || SESSION_UUID.test(sessionId)) return null;
  return 'the id is none of its sessions, which are named by UUIDs';
}

/** It asks before it does something, and its driver can hand on the question. */
export function canBeAsked(spec: AgentSpec): boolean {
  return isSpokenTo(spec);
}

/** It can stay up after a task and take another. */
export function canBeKept(spec: AgentSpec): boolean {
  return spec.protocol === 'acp';
}

export function takesInput(spec: AgentSpec): boolean {
  return isSpokenTo(spec) || (spec.protocol === 'text' && spec.input);
}

/** Its driver holds a conversation with it. */
function isSpokenTo({ protocol }: AgentSpec): boolean {
  return protocol === 'acp' || protocol === 'claude-stream';
}
