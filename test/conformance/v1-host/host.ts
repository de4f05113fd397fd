import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { Inbox } from '../../e2e/harness/inbox.ts';
import { within } from '../../e2e/harness/wait.ts';
import { type DownFrame, type DownType, downFrame, type FrameOf } from './frames.ts';

export interface Capabilities {
  name: string;
  agents: string[];
  maxConcurrent: number;
  cwd: string;
  labels?: Record<string, string>;
}

export interface ConnectOptions {
  /** `ws://host:port`. */
  url: string;
  hostId: string;
  token: string | null;
}

export interface Closed {
  code: number;
  reason: string;
}

/** Every frame of any connection that version 1 does not allow; each test ends by expecting none. */
export const violations: string[] = [];

function dial({ url, hostId, token }: ConnectOptions): WebSocket {
  return new WebSocket(`${url}/agent/ws?hostId=${encodeURIComponent(hostId)}`, {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
}

/** The HTTP status with which an upgrade is refused; rejects when it is accepted. */
export function refusal(options: ConnectOptions): Promise<number> {
  return refusalOf(dial(options));
}

export function refusalOf(socket: WebSocket): Promise<number> {
  const answer = new Promise<number>((resolve, reject) => {
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.once('open', () => {
      socket.terminate();
      reject(new Error('the upgrade was accepted'));
    });
    socket.on('error', reject);
  });
  return within('refusal of the upgrade', answer);
}

/** A gateway of version 1 that knows nothing but the contract's tables. */
export class V1Host {
  readonly inbox = new Inbox<DownFrame>();
  readonly hostId: string;
  readonly closed: Promise<Closed>;
  /** No answer to `ping`: the host seems dead while its connection stands. */
  muted = false;
  readonly #socket: WebSocket;
  readonly #executed = new Set<string>();
  #registered = false;

  private constructor(hostId: string, socket: WebSocket) {
    this.hostId = hostId;
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.inbox.end(`connection of ${hostId} closed with ${code} ${reason}`);
        resolve({ code, reason: String(reason) });
      });
    });
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? null : String(data)));
  }

  static async connect(options: ConnectOptions): Promise<V1Host> {
    const socket = dial(options);
    const host = new V1Host(options.hostId, socket);
    const opened = new Promise<void>((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('error', reject);
    });
    await within(`connection of ${options.hostId}`, opened);
    return host;
  }

  #receive(text: string | null): void {
    const frame = downFrame.safeParse(text === null ? null : JSON.parse(text));
    if (!frame.success) {
      violations.push(`${text}: ${frame.error.message}`);
      return;
    }
    this.#judgeOrder(frame.data);
    if (frame.data.type === 'ping') {
      if (!this.muted) this.send({ type: 'heartbeat', timestamp: Date.now() });
      return;
    }
    this.inbox.push(frame.data);
  }

  #judgeOrder(frame: DownFrame): void {
    if (frame.type === 'registered') {
      this.#registered = true;
      return;
    }
    if (!this.#registered) violations.push(`${frame.type} before registered`);
    // After an abort the same task may come again: that is another attempt.
    if (frame.type === 'task:abort') this.#executed.delete(frame.taskId);
    if (frame.type !== 'task:execute') return;
    if (this.#executed.has(frame.task.taskId)) violations.push(`${frame.task.taskId} executed twice on one socket`);
    this.#executed.add(frame.task.taskId);
  }

  send(frame: Record<string, unknown>): void {
    this.sendRaw(JSON.stringify(frame));
  }

  sendRaw(data: string | Buffer): void {
    this.#socket.send(data);
  }

  /** `register`, as given or as usual; resolves with the answer. */
  async register(capabilities: Partial<Capabilities> = {}, hostId = this.hostId): Promise<FrameOf<'registered'>> {
    const usual = { name: hostId, agents: ['opencode'], maxConcurrent: 2, cwd: '/srv/project' };
    this.send({ type: 'register', hostId, capabilities: { ...usual, ...capabilities } });
    return this.next('registered');
  }

  next<T extends DownType>(type: T, taskId?: string): Promise<FrameOf<T>> {
    const match = (frame: DownFrame): frame is FrameOf<T> => {
      if (frame.type !== type) return false;
      if (taskId === undefined) return true;
      return frame.type === 'task:execute'
        ? frame.task.taskId === taskId
        : 'taskId' in frame && frame.taskId === taskId;
    };
    return this.inbox.take(`${type} at ${this.hostId}`, match);
  }

  started(taskId: string, sessionId = ''): void {
    this.send({ type: 'task:started', taskId, sessionId });
  }

  event(taskId: string, content: string): void {
    this.send({ type: 'task:event', taskId, event: { type: 'log', content, timestamp: Date.now() } });
  }

  completed(taskId: string, result: Record<string, unknown> = { success: true }): void {
    this.send({ type: 'task:completed', taskId, result });
  }

  failed(taskId: string, error: string, details?: unknown): void {
    this.send({ type: 'task:failed', taskId, error, ...(details === undefined ? {} : { details }) });
  }

  /** Ends the connection as a client does. */
  close(): Promise<Closed> {
    this.#socket.close(1000);
    return within(`close of ${this.hostId}`, this.closed);
  }

  /** The connection is cut without a word. */
  cut(): Promise<Closed> {
    this.#socket.terminate();
    return this.closed;
  }

  /** Half-open: neither reads nor writes, while the connection stands. */
  freeze(): void {
    this.muted = true;
    this.#socket.pause();
  }

  thaw(): void {
    this.#socket.resume();
  }
}
