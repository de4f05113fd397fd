import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hostIdSchema } from '../shared/ids.ts';
import { describeIssues } from '../shared/zod-issues.ts';
import { ServerError } from './server-error.ts';
import { mintToken } from './tokens.ts';
import { watchOver } from './watchdog.ts';

const GATEWAY = fileURLToPath(new URL('../gateway/main.ts', import.meta.url));
/** A local stack is started anew now and then; its gateway's token is made at each start. */
const TOKEN_SECONDS = 365 * 24 * 60 * 60;
/** What a stopping gateway gets for its own clean-up. */
const STOP_MS = 10_000;
/** Where tasks run when the user names no directory; never the checkout, which is no project of theirs. */
const WORKSPACE = 'workspace';

export interface LocalGateway {
  hostId: string;
  /** Resolves to its exit code when it has ended, null after a signal. */
  exited: Promise<number | null>;
  stop(): Promise<void>;
}

export interface LocalGatewayOptions {
  server: { url: string; secret: string };
  /** The gateway's own state lives in its `gateway` directory, its tasks run in `workspace`, unless `env` names others. */
  stateDir: string;
  env?: Readonly<Record<string, string | undefined>>;
  stdio?: 'inherit' | 'ignore';
}

/** The machine's name as a host id. */
export function localHostId(name: string = hostname()): string {
  const id = name.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 64);
  return hostIdSchema.safeParse(id).data ?? 'local';
}

function hostIdOf(env: Readonly<Record<string, string | undefined>>): string {
  if (!env.GATEWAY_HOST_ID) return localHostId();
  const parsed = hostIdSchema.safeParse(env.GATEWAY_HOST_ID);
  if (parsed.success) return parsed.data;
  throw new ServerError(describeIssues(parsed.error, 'GATEWAY_HOST_ID'), 2);
}

/** The directory whose tasks need not name one, as the gateway's own working directory: its file may name another. */
function workspaceOf(env: Readonly<Record<string, string | undefined>>, stateDir: string): string {
  if (env.GATEWAY_CWD) return process.cwd();
  const workspace = join(stateDir, WORKSPACE);
  mkdirSync(workspace, { recursive: true, mode: 0o700 });
  return workspace;
}

/**
 * Starts the gateway of this checkout against a local server, with a token made for it. Throws a `ServerError` for a host id
 * that is none.
 */
export async function startGateway(options: LocalGatewayOptions): Promise<LocalGateway> {
  const { server, stateDir, env = process.env, stdio = 'inherit' } = options;
  const hostId = hostIdOf(env);
  const ownState = env.GATEWAY_STATE_DIR ? resolve(env.GATEWAY_STATE_DIR) : join(stateDir, 'gateway');
  const token = await mintToken({
    secret: server.secret,
    sub: hostId,
    role: 'host',
    expiresInSeconds: TOKEN_SECONDS,
    nowMs: Date.now(),
  });
  const child = spawn(process.execPath, [GATEWAY], {
    stdio,
    cwd: workspaceOf(env, stateDir),
    // A group of its own: Ctrl-C at a terminal is for this process to act on, in its order.
    detached: true,
    env: {
      ...env,
      // What signs tokens is the server's alone.
      JWT_SECRET: undefined,
      JWT_SECRET_PREVIOUS: undefined,
      GATEWAY_SERVER_URL: server.url.replace(/^http/, 'ws'),
      GATEWAY_AUTH_TOKEN: token,
      GATEWAY_HOST_ID: hostId,
      GATEWAY_STATE_DIR: ownState,
      ...(env.GATEWAY_CONFIG ? { GATEWAY_CONFIG: resolve(env.GATEWAY_CONFIG) } : {}),
    },
  });
  const exited = once(child, 'exit').then(() => child.exitCode);
  if (child.pid !== undefined) void exited.then(watchOver(child.pid, 'TERM'));
  return { hostId, exited, stop: () => stop(child, exited) };
}

async function stop(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timer);
}
