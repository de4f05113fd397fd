import { agentOffered } from '../../shared/agent-names.ts';
import { findAgents, resolveAgent } from '../agents/registry.ts';
import type { AgentSpec } from '../runs/files.ts';

export interface AgentTable {
  agents: ReadonlyMap<string, AgentSpec>;
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
  const all = new Map(Object.entries(await findAgents(searchPath)));
  const withoutProgram: string[] = [];
  for (const [name, spec] of Object.entries(custom)) {
    if (!isWanted(name)) continue;
    const resolved = await resolveAgent(spec, searchPath);
    if (resolved === null) withoutProgram.push(name);
    all.set(name, resolved ?? spec);
  }
  const agents = new Map([...all].filter(([name]) => isWanted(name)));
  const unknown = (only ?? []).filter((name) => agentOffered([...agents.keys()], name) === null);
  return { agents, withoutProgram, unknown };
}

/** Agents that can be given no `task:input`. */
export function withoutInput(agents: ReadonlyMap<string, AgentSpec>): string[] {
  return [...agents].filter(([, spec]) => !takesInput(spec)).map(([name]) => name);
}

/** It can go on with a session of its own, and its driver knows how. */
export function takesSession(spec: AgentSpec): boolean {
  return spec.protocol !== 'text';
}

/** It asks before it does something, and its driver can hand on the question. */
export function canBeAsked(spec: AgentSpec): boolean {
  return spec.protocol === 'acp';
}

/** It can stay up after a task and take another. */
export function canBeKept(spec: AgentSpec): boolean {
  return spec.protocol === 'acp';
}

export function takesInput(spec: AgentSpec): boolean {
  return spec.protocol === 'acp' || (spec.protocol === 'text' && spec.input);
}
