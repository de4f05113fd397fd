import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeTree } from '../../../local/remove-tree.ts';
import type { Api } from './api.ts';
import { Daemon, type DaemonOptions } from './daemon.ts';
import { killQuietly, processesBearing } from './proc.ts';
import { Server } from './server.ts';
import { randomSecret } from './tokens.ts';
import { untilTrue } from './wait.ts';

/** ms; a killed process that is still seen is given so long to vanish. */
const VANISH_MS = 10_000;

/** Everything that a test file starts lives below one temporary directory, by whose name leaked processes are found. */
export class World {
  readonly dir = mkdtempSync(join(tmpdir(), 'agent-gateway-test-'));
  readonly home = join(this.dir, 'home');
  readonly temporary = join(this.dir, 'tmp');
  readonly #servers: Server[] = [];
  readonly #daemons: Daemon[] = [];
  readonly #closers: (() => void | Promise<void>)[] = [];
  #count = 0;

  constructor() {
    mkdirSync(this.home);
    mkdirSync(this.temporary);
  }

  /** A fresh directory below the world's. */
  directory(name: string): string {
    this.#count += 1;
    const path = join(this.dir, `${name}-${this.#count}`);
    mkdirSync(path, { recursive: true });
    return path;
  }

  /** A name that no other test of this world uses. */
  name(prefix: string): string {
    this.#count += 1;
    return `${prefix}-${this.#count}`;
  }

  async server(settings: Record<string, string> = {}): Promise<Server> {
    const server = await Server.start({
      dir: this.directory('server'),
      home: this.home,
      temporary: this.temporary,
      secret: randomSecret(),
      settings,
    });
    this.#servers.push(server);
    return server;
  }

  /** A daemon that need not be connected yet. */
  daemon(options: Omit<DaemonOptions, 'dir' | 'home' | 'temporary'> & { dir?: string }): Daemon {
    const daemon = new Daemon({
      ...options,
      dir: options.dir ?? this.directory(options.hostId),
      home: this.home,
      temporary: this.temporary,
    });
    this.#daemons.push(daemon);
    return daemon;
  }

  /** A daemon of this server; resolves when the server shows it online. */
  async onlineDaemon(
    server: Server,
    options: Partial<Omit<DaemonOptions, 'dir' | 'home' | 'temporary' | 'serverUrl'>> & {
      pool?: string;
      api?: Api;
    } = {},
  ): Promise<Daemon> {
    const hostId = options.hostId ?? this.name('host');
    const token = options.token ?? server.hostToken(hostId, options.pool);
    const daemon = this.daemon({ ...options, serverUrl: server.webSocketUrl, hostId, token });
    const api = options.api ?? server.api(options.pool === undefined ? {} : { pool: options.pool });
    try {
      await api.untilHost(hostId, 'online');
    } catch (error) {
      throw new Error(`${error}; the daemon's output:\n${daemon.child.output()}`);
    }
    return daemon;
  }

  /** Something else to end with the world, before the processes. */
  onClose(close: () => void | Promise<void>): void {
    this.#closers.push(close);
  }

  /** Processes of this world that are still there: daemons, servers, supervisors, agents and all they started. */
  processes(): { pid: number; command: string }[] {
    return processesBearing(this.dir);
  }

  /** What servers and daemons have left in their temporary directory. */
  temporaryFiles(): string[] {
    return readdirSync(this.temporary);
  }

  /** Ends everything by pid and removes the directory. Throws when an orderly end would have left processes behind. */
  async close(): Promise<void> {
    for (const close of this.#closers) await close();
    for (const daemon of this.#daemons) await daemon.child.killTree();
    for (const server of this.#servers) await server.child.killTree();
    // Supervisors outlive their daemon by design; ending their agents is theirs, ending them is the test's.
    for (const { pid } of this.processes()) killQuietly(pid, 'SIGKILL');
    await untilTrue(`no process of ${this.dir}`, () => this.#killRest() === 0, VANISH_MS);
    removeTree(this.dir);
  }

  #killRest(): number {
    const rest = this.processes();
    for (const { pid } of rest) killQuietly(pid, 'SIGKILL');
    return rest.length;
  }
}
