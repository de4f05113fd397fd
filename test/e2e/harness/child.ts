import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Inbox } from './inbox.ts';
import { killQuietly, treeOf } from './proc.ts';
import { within } from './wait.ts';

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ChildOptions {
  command: readonly string[];
  env: Record<string, string>;
  cwd: string;
}

/** A process of a test, its output collected by line. */
export class Child {
  readonly lines = new Inbox<string>();
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcess;

  constructor(options: ChildOptions) {
    const [file = '', ...args] = options.command;
    this.#process = spawn(file, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.lines.push(line));
    }
    this.exited = new Promise((resolve) => {
      this.#process.once('error', (error) => {
        this.lines.end(`could not start ${file}: ${error.message}`);
        resolve({ code: null, signal: null });
      });
      this.#process.once('close', (code, signal) => {
        this.lines.end(`process ended with ${code ?? signal}; its output:\n${this.output()}`);
        resolve({ code, signal });
      });
    });
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error('the process did not start');
    return this.#process.pid;
  }

  output(): string {
    return this.lines.all.join('\n');
  }

  /** It has ended, whoever ended it. */
  get ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Asks it to end and waits; what does not end by itself is a failure of the test, after a SIGKILL. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    if (!this.ended) this.#process.kill(signal);
    return within(`end of ${this.pid} after ${signal}; output:\n${this.output()}`, this.exited);
  }

  /** `kill -9` of it alone, as an out-of-memory killer does. */
  async kill(): Promise<Exit> {
    return this.stop('SIGKILL');
  }

  /** `kill -9` of it and everything below it at once, as a machine that loses power does. */
  async killTree(): Promise<void> {
    if (this.#process.pid === undefined) return;
    const pids = this.ended ? [] : treeOf(this.pid);
    for (const pid of pids) killQuietly(pid, 'SIGKILL');
    await within(`end of ${this.pid} after SIGKILL`, this.exited);
  }
}
