import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { MAX_NAME_BYTES } from '../../shared/limits.ts';
import { utf8Head } from '../../shared/utf8.ts';
import type { PermissionRule } from '../domain/permission-rules.ts';
import type { AgentSpec } from '../runs/files.ts';
import { ConfigError } from './config-error.ts';
import { readConfigFile } from './config-file.ts';
import { readCredentials } from './credentials.ts';
import { allowedRoots, defaultStateDir, makeStateDir, workingDirectory } from './directories.ts';
import type { Flags } from './flags.ts';
import { keptHostId, keptInstance } from './host-id.ts';
import { CONFIG_FILE_ENV, CONFIG_FILE_FLAG, SETTINGS } from './settings.ts';
import { type Environment, Sources } from './sources.ts';
import type { WorktreeSettings } from './worktree-settings.ts';

const DEFAULT_SERVER_URL = 'ws://localhost:8787';
const DEFAULT_MAX_CONCURRENT = 2;
const CONFIG_FILE = 'config.json';

/** All that the owner of the host decides; nothing that the server sends changes it. */
export interface DaemonConfig {
  serverUrl: string;
  authToken: string;
  /** The token is the one that the state directory keeps, and is renewed there. */
  isEnrolled: boolean;
  hostId: string;
  /** Of the state directory. */
  instance: string;
  hostName: string;
  /** Real path. */
  cwd: string;
  /** Real paths. */
  allowedRoots: string[];
  maxConcurrent: number;
  /** Null: every agent found. */
  agents: string[] | null;
  customAgents: Readonly<Record<string, AgentSpec>>;
  labels: Record<string, string>;
  passEnv: string[];
  /** Null: the default list of what a task may not set. */
  taskEnv: string[] | null;
  /** Names of secrets beyond those that name them by custom. */
  secretEnv: string[];
  /** Null: any. */
  models: string[] | null;
  /** Null: no limit of the host. */
  maxTimeoutMs: number | null;
  /** Runs around every agent; null: nothing does. */
  wrap: string[] | null;
  permissions: PermissionRule[];
  worktree: WorktreeSettings;
  /** Free agents that are kept, and for how many minutes. */
  warm: { count: number; minutes: number };
  stateDir: string;
}

function configFilePath(flags: Flags['values'], environment: Environment, stateDir: string) {
  const named = flags[CONFIG_FILE_FLAG] || environment[CONFIG_FILE_ENV] || undefined;
  return { path: resolve(named ?? join(stateDir, CONFIG_FILE)), named: named !== undefined };
}

function missingToken(hostId: string): ConfigError {
  return new ConfigError(
    `no token: run "agent-gateway enroll --server URL --code CODE" with a code of the server's administrator, or set ${SETTINGS.authToken.env} to a token for the host id "${hostId}" (made with POST /api/hosts/${hostId}/tokens)`,
  );
}

/** Where to connect, as whom, and by which token. A kept token is for its own server and host id alone. */
function identityOf(
  sources: Sources,
  stateDir: string,
): Pick<DaemonConfig, 'serverUrl' | 'authToken' | 'isEnrolled' | 'hostId'> {
  const kept = readCredentials(stateDir);
  const serverUrl = sources.read('serverUrl', SETTINGS.serverUrl.schema) ?? kept?.serverUrl ?? DEFAULT_SERVER_URL;
  const hostId = sources.read('hostId', SETTINGS.hostId.schema) ?? kept?.hostId ?? keptHostId(stateDir);
  const given = sources.read('authToken', SETTINGS.authToken.schema);
  if (given !== undefined) return { serverUrl, hostId, authToken: given, isEnrolled: false };
  if (kept === null || kept.serverUrl !== serverUrl || kept.hostId !== hostId) throw missingToken(hostId);
  return { serverUrl, hostId, authToken: kept.token, isEnrolled: true };
}

/** The three sources, the file read; and where it likely has its state. Throws a `ConfigError`. */
export function readSources(flags: Flags['values'], environment: Environment) {
  const early = new Sources(flags, environment, null);
  const likelyStateDir = early.read('stateDir', SETTINGS.stateDir.schema) ?? defaultStateDir(environment);
  const { path, named } = configFilePath(flags, environment, likelyStateDir);
  const file = readConfigFile(path, named);
  const sources = new Sources(flags, environment, file);
  const stateDir = () => makeStateDir(resolve(sources.read('stateDir', SETTINGS.stateDir.schema) ?? likelyStateDir));
  return { sources, file, stateDir };
}

/**
 * The daemon's configuration: flags, then environment, then the JSON file. Makes the state directory and the host id
 * when they are absent. Throws a `ConfigError` that names the setting, its source and what to do.
 */
export function loadConfig(flags: Flags['values'], environment: Environment, processCwd: string): DaemonConfig {
  const { sources, file, stateDir: usableStateDir } = readSources(flags, environment);
  const cwd = workingDirectory(sources, processCwd);
  const roots = allowedRoots(sources, cwd);
  const settled = {
    hostName: sources.read('hostName', SETTINGS.hostName.schema) ?? utf8Head(hostname(), MAX_NAME_BYTES),
    maxConcurrent: sources.read('maxConcurrent', SETTINGS.maxConcurrent.schema) ?? DEFAULT_MAX_CONCURRENT,
    agents: sources.read('agents', SETTINGS.agents.schema) ?? null,
    labels: sources.read('labels', SETTINGS.labels.schema) ?? {},
    passEnv: sources.read('passEnv', SETTINGS.passEnv.schema) ?? [],
    taskEnv: sources.read('taskEnv', SETTINGS.taskEnv.schema) ?? null,
    models: sources.read('models', SETTINGS.models.schema) ?? null,
    maxTimeoutMs: sources.read('maxTimeoutMs', SETTINGS.maxTimeoutMs.schema) ?? null,
    secretEnv: sources.read('secretEnv', SETTINGS.secretEnv.schema) ?? [],
    warm: sources.read('warm', SETTINGS.warm.schema) ?? { count: 0, minutes: 0 },
  };
  const stateDir = usableStateDir();
  const identity = identityOf(sources, stateDir);
  const { agents: customAgents, permissions, wrap, worktree } = file;
  const instance = keptInstance(stateDir);
  return {
    ...identity,
    instance,
    cwd,
    allowedRoots: roots,
    customAgents,
    permissions,
    wrap,
    worktree,
    stateDir,
    ...settled,
  };
}
