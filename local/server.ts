import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { MIN_SECRET_BYTES } from '../shared/limits.ts';
import { parseServerSettings } from '../shared/settings.ts';
import { describeIssues } from '../shared/zod-issues.ts';
import { writeBundle } from './bundle.ts';
import { lockState } from './lock.ts';
import { type Runtime, startRuntime } from './runtime.ts';
import { ServerError } from './server-error.ts';
import { isUsableSecret, prepareStateDir, secretOf } from './state.ts';

/** A setting that cannot be used; the same code as for a wrong command line. */
const EXIT_BAD_SETTING = 2;

export interface ServerOptions {
  stateDir: string;
  host?: string;
  /** 0, the default, takes any free one. */
  port?: number;
  /** Where the settings of the contract and the secrets are read from; nothing else of it reaches the server. */
  env?: Readonly<Record<string, string | undefined>>;
  /** A line that the server logs; stderr by default. */
  onLine?: (line: string) => void;
}

export interface RunningServer {
  url: string;
  stateDir: string;
  /** Signs tokens that this server accepts. */
  secret: string;
  /** Resolves when the server has ended, by `stop` or by itself. */
  exited: Promise<void>;
  /** Ends it and gives the state directory free; harmless when repeated. */
  stop(): Promise<void>;
}

function settingsOf(env: ServerOptions['env'] = {}): Record<string, string> {
  try {
    const settings = parseServerSettings(env);
    if (settings.TRUSTED_PROXY !== '' && isIP(settings.TRUSTED_PROXY) === 0) {
      throw new ServerError('"TRUSTED_PROXY" must be an IP address', EXIT_BAD_SETTING);
    }
    return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));
  } catch (error) {
    if (!(error instanceof z.ZodError)) throw error;
    throw new ServerError(describeIssues(error), EXIT_BAD_SETTING);
  }
}

function warnOfShortSecrets(secret: string, previous: string, onLine: (line: string) => void): void {
  if (!isUsableSecret(secret)) {
    onLine(`agent-gateway: JWT_SECRET has less than ${MIN_SECRET_BYTES} bytes: the server answers 503 to everything`);
  }
  if (previous !== '' && !isUsableSecret(previous)) {
    onLine(`agent-gateway: JWT_SECRET_PREVIOUS has less than ${MIN_SECRET_BYTES} bytes: no token is accepted by it`);
  }
}

/**
 * Starts the server alone, on workerd, its data in `stateDir`. Throws a `ServerError` for a bad setting, a taken port
 * (`PortInUseError`) or a directory that another server uses.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { stateDir, host = '127.0.0.1', port = 0, env = {}, onLine = (line) => console.error(line) } = options;
  const settings = settingsOf(env);
  prepareStateDir(stateDir, onLine);
  const secret = secretOf(env, stateDir);
  const previous = env.JWT_SECRET_PREVIOUS ?? '';
  warnOfShortSecrets(secret, previous, onLine);
  const lock = await lockState(stateDir);
  const bundleDir = mkdtempSync(join(tmpdir(), 'agent-gateway-'));
  try {
    const objectsDir = join(stateDir, 'objects');
    mkdirSync(objectsDir, { recursive: true, mode: 0o700 });
    const runtime = await startRuntime({
      configPath: await writeBundle(bundleDir),
      host,
      port,
      objectsDir,
      env: { ...settings, JWT_SECRET: secret, JWT_SECRET_PREVIOUS: previous },
      onLine,
      onSpawn: (pid) => lock.setRuntime(pid),
    });
    const exited = runtime.exited.then(() => lock.release());
    return { url: urlOf(host, runtime), stateDir, secret, exited, stop: () => runtime.stop().then(() => exited) };
  } catch (error) {
    lock.release();
    throw error;
  } finally {
    rmSync(bundleDir, { recursive: true, force: true });
  }
}

/** An address that a client on this machine can use. */
function urlOf(host: string, { port }: Runtime): string {
  const reachable = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
