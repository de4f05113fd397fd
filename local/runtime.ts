import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { PortInUseError, ServerError } from './server-error.ts';
import { watchOver } from './watchdog.ts';
import { DISK_NAME, SOCKET_NAME } from './workerd-config.ts';

/** What a stopping runtime gets to answer the requests in flight; open streams and sockets would hold it for ever. */
const DRAIN_MS = 1_000;

const moduleSchema = z.object({ default: z.string() });
const listenSchema = z.object({ event: z.literal('listen'), socket: z.literal(SOCKET_NAME), port: z.int() });

export interface RuntimeOptions {
  configPath: string;
  host: string;
  port: number;
  objectsDir: string;
  env: Record<string, string>;
  /** A line that the runtime or the Worker wrote. */
  onLine: (line: string) => void;
  /** Called as soon as there is a process, before it listens. */
  onSpawn: (pid: number) => void;
}

export interface Runtime {
  port: number;
  /** Resolves when the process is gone, however that came. */
  exited: Promise<void>;
  stop(): Promise<void>;
}

function binary(): string {
  return moduleSchema.parse(createRequire(import.meta.url)('workerd')).default;
}

/** Starts workerd and resolves once it listens. Throws `PortInUseError`, or a `ServerError` with workerd's own words. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const address = options.host.includes(':') ? `[${options.host}]` : options.host;
  const child = spawn(
    binary(),
    [
      'serve',
      options.configPath,
      `--socket-addr=${SOCKET_NAME}=${address}:${options.port}`,
      `--directory-path=${DISK_NAME}=${options.objectsDir}`,
      '--control-fd=3',
    ],
    // A group of its own: Ctrl-C at a terminal is for this process to act on.
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true, env: { TZ: 'UTC', ...options.env } },
  );
  // `close`, not `exit`: by then its last words are read.
  const exited = once(child, 'close').then(() => {});
  const { pid } = child;
  if (pid === undefined) throw new ServerError('workerd could not be started', 1);
  options.onSpawn(pid);
  // workerd itself does not notice when its parent dies.
  void exited.then(watchOver(pid, 'KILL'));
  const lines = collectLines(child, options.onLine);
  const port = await Promise.race([listeningPort(child), exited.then(() => null)]);
  if (port === null) throw startFailure(lines.early.join('\n'), options);
  lines.forward();
  return { port, exited, stop: () => stop(child, exited) };
}

/** Lines go to `onLine`, but those of the start are held back until it is known whether they explain a failure. */
function collectLines(child: ChildProcess, onLine: (line: string) => void): { early: string[]; forward(): void } {
  const early: string[] = [];
  let forwarding = false;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      if (forwarding) onLine(line);
      else early.push(line);
    });
  }
  return {
    early,
    forward() {
      forwarding = true;
      for (const line of early.splice(0)) onLine(line);
    },
  };
}

async function listeningPort(child: ChildProcess): Promise<number | null> {
  const control = child.stdio[3];
  if (!(control instanceof Readable)) return null;
  for await (const line of createInterface({ input: control })) {
    const message = listenSchema.safeParse(JSON.parse(line));
    if (message.success) return message.data.port;
  }
  return null;
}

function startFailure(output: string, { host, port }: RuntimeOptions): ServerError {
  if (/address already in use/i.test(output)) {
    return new PortInUseError(`port ${port} on ${host} is in use; name another one with PORT, 0 for any`, 1);
  }
  return new ServerError(`workerd did not start: ${output}`, 1);
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), DRAIN_MS);
  await exited;
  clearTimeout(timer);
}
