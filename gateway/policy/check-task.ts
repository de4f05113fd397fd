import type { RefusalReason } from '../../shared/protocol/task-refused.ts';
import type { TaskRequest } from '../../shared/task.ts';
import { OWNER_PERMISSION_NAMES } from '../agents/opencode.ts';
import { agentEnvironment, secretNamesIn, taskMaySet } from '../domain/env-names.ts';
import { matchesGlob } from '../domain/glob.ts';
import type { PermissionRule } from '../domain/permission-rules.ts';
import type { AgentSpec } from '../runs/files.ts';
import { canBeAsked, sessionProblem, takesInput } from './agent-table.ts';
import { isRepositoryInside, placeTask } from './roots.ts';

/** What the owner of the host allows; fixed while the daemon runs. */
export interface Policy {
  agents: ReadonlyMap<string, AgentSpec>;
  /** Real paths. */
  cwd: string;
  allowedRoots: readonly string[];
  passEnv: readonly string[];
  taskEnv: readonly string[] | null;
  secretEnv: readonly string[];
  /** Globs of the models that a task may name; null: any. */
  models: readonly string[] | null;
  /** No agent runs for longer; null: as long as its task says. */
  maxTimeoutMs: number | null;
  /** Runs around every agent, its executable an absolute path; null: nothing does. */
  wrap: readonly string[] | null;
  /** What agents may do, the first rule that fits decides. */
  permissions: readonly PermissionRule[];
  /** The daemon's own environment. */
  environment: Readonly<Record<string, string | undefined>>;
}

export interface Refusal {
  kind: 'refused';
  reason: RefusalReason;
  /** Names the rule, and no path of the host. */
  message: string;
}

/** What a task becomes on this host. */
export interface AllowedTask {
  kind: 'allowed';
  /** `cwd` filled in and without symlinks. */
  task: TaskRequest;
  agent: AgentSpec;
  env: Record<string, string>;
  /** Names in `env` whose values are secrets. */
  secretNames: string[];
  rules: readonly PermissionRule[];
  wrap: readonly string[] | null;
  maxTimeoutMs: number | null;
}

function refused(reason: RefusalReason, message: string): Refusal {
  return { kind: 'refused', reason, message };
}

/** Judges a task by the owner's rules. Changes nothing; reads the file system. */
export async function checkTask(task: TaskRequest, policy: Policy): Promise<AllowedTask | Refusal> {
  const agent = policy.agents.get(task.agentType);
  if (agent === undefined) return refused('agent', 'this host does not run that agent');
  const noSession = task.sessionId === undefined ? null : sessionProblem(agent, task.sessionId);
  if (noSession !== null)
    return refused('agent', `this host cannot go on with that session of the agent: ${noSession}`);
  if (task.permissions !== undefined && task.permissions !== 'auto' && !canBeAsked(agent))
    return refused('agent', `this host cannot run that agent with permissions "${task.permissions}": it is not asked`);
  if (task.interactive === true && !takesInput(agent))
    return refused('agent', 'this host gives that agent no input while it runs: it cannot be interactive');
  const decided = OWNER_PERMISSION_NAMES.some((name) => policy.environment[name] !== undefined);
  const maySet = taskMaySet(policy.taskEnv, [...policy.passEnv, ...(decided ? OWNER_PERMISSION_NAMES : [])]);
  const forbidden = Object.keys(task.env ?? {}).filter((name) => !maySet(name));
  if (forbidden.length > 0)
    return refused('environment', `this host does not let a task set ${forbidden.join(', ')} (GATEWAY_TASK_ENV)`);
  const { model } = task;
  if (model !== undefined && policy.models?.some((glob) => matchesGlob(glob, model)) === false)
    return refused('policy', 'this host does not allow that model (GATEWAY_MODELS)');
  const place = await placeTask(task.cwd, policy.cwd, policy.allowedRoots);
  if (place.kind === 'outside')
    return refused('directory', 'the directory is outside those that this host allows (GATEWAY_ALLOWED_ROOTS)');
  if (place.kind === 'missing') return refused('directory', 'the directory does not exist on this host');
  if (task.workspace !== undefined && policy.wrap !== null)
    return refused('policy', 'this host runs agents in a sandbox, and makes no work trees for them ("wrap")');
  if (task.workspace !== undefined && !(await isRepositoryInside(place.cwd, policy.allowedRoots)))
    return refused('directory', 'the directory is in no git repository that this host allows (GATEWAY_ALLOWED_ROOTS)');
  const env = agentEnvironment(policy.environment, policy.passEnv, task.env ?? {});
  const secretNames = secretNamesIn(env, task.env ?? {}, policy.secretEnv);
  const { maxTimeoutMs, permissions: rules, wrap } = policy;
  return { kind: 'allowed', task: { ...task, cwd: place.cwd }, agent, env, secretNames, rules, wrap, maxTimeoutMs };
}
