import { createHash, randomUUID } from 'node:crypto';
import { link, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isErrno } from './durable.ts';
import { processIdentitySchema, type RunRequest } from './files.ts';

/**
 * `<state>/warm/<mark>/` (0700): an agent that may be kept for another task after its first, by the mark of all its runs.
 *
 * | file | writer | what |
 * |---|---|---|
 * | `tmp/` | agent | what it unpacks for itself |
 * | `free/agent.json` | its supervisor | it is free: who keeps it, and for what kind of task |
 * | `free/claim.json` | whoever is first | the daemon: the run that it is to take; anybody: that it is to end |
 */
const WARM = 'warm';

export function warmRoot(stateDir: string): string {
  return join(stateDir, WARM);
}

export function warmDirectory(stateDir: string, mark: string) {
  const path = join(warmRoot(stateDir), mark);
  const free = join(path, 'free');
  return { path, tmp: join(path, 'tmp'), free, agent: join(free, 'agent.json'), claim: join(free, 'claim.json') };
}

export const freeAgentSchema = processIdentitySchema.extend({
  bootId: z.string(),
  /** As `agentKind` gives it. */
  kind: z.string(),
  /** ms since the epoch, host's clock. */
  since: z.int(),
});
export type FreeAgent = z.infer<typeof freeAgentSchema>;

/** `run`: path of a run's directory, which follows; null: the agent is to end. */
export const claimSchema = z.object({ run: z.string().nullable() });
export type Claim = z.infer<typeof claimSchema>;

/**
 * True for the first alone; false as well when the agent is not free. Needs no flush: what survives a power loss is no agent. Its
 * supervisor takes the directory away as soon as it sees the claim, so nothing is done there afterwards.
 */
export async function claimAgent({ path, claim }: ReturnType<typeof warmDirectory>, content: Claim): Promise<boolean> {
  const temporary = join(path, `claim-${randomUUID()}.tmp`);
  try {
    await writeFile(temporary, JSON.stringify(content), { mode: 0o600 });
    await link(temporary, claim);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST', 'ENOENT')) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Tasks of one kind start the same program with the same environment in the same directory, under the same permissions. */
export function agentKind({
  agent,
  env,
  task,
  rules,
  wrap,
}: Pick<RunRequest, 'agent' | 'env' | 'task' | 'rules' | 'wrap'>): string {
  const environment = Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
  const kind = [wrap, agent.command, environment, task.cwd, rules, task.permissions ?? 'auto'];
  return createHash('sha256').update(JSON.stringify(kind)).digest('hex');
}
