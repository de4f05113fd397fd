import type { z } from 'zod';
import * as value from './value-schemas.ts';

/** One setting: its names in each source, and how a person is told about it. */
export interface Setting {
  env: string;
  flag: string;
  /** What stands behind the flag in the help. */
  placeholder: string;
  help: string;
  schema: z.ZodType;
}

/** Every setting of the daemon, by its name in the JSON file. The order is the help's. */
export const SETTINGS = {
  serverUrl: {
    env: 'GATEWAY_SERVER_URL',
    flag: 'server-url',
    placeholder: 'URL',
    help: 'where the server is (default ws://localhost:8787)',
    schema: value.serverUrlSchema,
  },
  authToken: {
    env: 'GATEWAY_AUTH_TOKEN',
    flag: 'auth-token',
    placeholder: 'TOKEN',
    help: "this host's token; other users can see flags, so prefer the variable or the file",
    schema: value.authTokenSchema,
  },
  hostId: {
    env: 'GATEWAY_HOST_ID',
    flag: 'host-id',
    placeholder: 'ID',
    help: 'what the server knows this host by (default: made once, kept in the state directory)',
    schema: value.hostIdSchema,
  },
  hostName: {
    env: 'GATEWAY_HOST_NAME',
    flag: 'name',
    placeholder: 'NAME',
    help: "shown to people (default: the machine's name)",
    schema: value.nameSchema,
  },
  cwd: {
    env: 'GATEWAY_CWD',
    flag: 'cwd',
    placeholder: 'DIR',
    help: 'where tasks without a directory run (default: the working directory)',
    schema: value.pathSchema,
  },
  maxConcurrent: {
    env: 'GATEWAY_MAX_CONCURRENT',
    flag: 'max-concurrent',
    placeholder: 'N',
    help: 'tasks that run at once (default 2)',
    schema: value.maxConcurrentSchema,
  },
  agents: {
    env: 'GATEWAY_AGENTS',
    flag: 'agents',
    placeholder: 'A,B',
    help: 'only these agents (default: those found on PATH and those of the file)',
    schema: value.agentNamesSchema,
  },
  labels: {
    env: 'GATEWAY_LABELS',
    flag: 'labels',
    placeholder: 'K=V,K=V',
    help: 'what tasks may ask for, such as os=linux,gpu=h100',
    schema: value.labelListSchema,
  },
  allowedRoots: {
    env: 'GATEWAY_ALLOWED_ROOTS',
    flag: 'allowed-roots',
    placeholder: 'DIR,DIR',
    help: 'tasks run only inside these (default: --cwd)',
    schema: value.pathListSchema,
  },
  passEnv: {
    env: 'GATEWAY_PASS_ENV',
    flag: 'pass-env',
    placeholder: 'A,B',
    help: "variables of the daemon's own environment that agents get too; * stands for any part",
    schema: value.envGlobsSchema,
  },
  taskEnv: {
    env: 'GATEWAY_TASK_ENV',
    flag: 'task-env',
    placeholder: 'A,B',
    help: 'variables that a task may set; * stands for any part (default: all but dangerous ones)',
    schema: value.envGlobsSchema,
  },
  models: {
    env: 'GATEWAY_MODELS',
    flag: 'models',
    placeholder: 'A,B',
    help: 'models that a task may name; * stands for any part (default: any)',
    schema: value.modelGlobsSchema,
  },
  maxTimeoutMs: {
    env: 'GATEWAY_MAX_TIMEOUT_MS',
    flag: 'max-timeout-ms',
    placeholder: 'MS',
    help: 'no agent runs for longer, whatever its task says (default: no limit of the host)',
    schema: value.maxTimeoutSchema,
  },
  secretEnv: {
    env: 'GATEWAY_SECRET_ENV',
    flag: 'secret-env',
    placeholder: 'A,B',
    help: 'more variables whose values no event or result may show; * stands for any part',
    schema: value.envGlobsSchema,
  },
  warm: {
    env: 'GATEWAY_WARM',
    flag: 'warm',
    placeholder: 'N[:MINUTES]',
    help: 'free agents over ACP that are kept for the next task, and how long (default 0; 10 minutes)',
    schema: value.warmSchema,
  },
  stateDir: {
    env: 'GATEWAY_STATE_DIR',
    flag: 'state-dir',
    placeholder: 'DIR',
    help: 'host id, runs and lock (default $XDG_STATE_HOME/agent-gateway)',
    schema: value.pathSchema,
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;

/** Names the JSON file; not itself a setting of the file. */
export const CONFIG_FILE_ENV = 'GATEWAY_CONFIG';
export const CONFIG_FILE_FLAG = 'config';

/** `Object.keys` with the type that the table has. */
export function settingNames(): SettingName[] {
  return Object.keys(SETTINGS).filter((name): name is SettingName => name in SETTINGS);
}
