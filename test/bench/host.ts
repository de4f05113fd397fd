import { WebSocket } from 'ws';
import { z } from 'zod';
import type { Target } from './target.ts';

const downSchema = z.looseObject({
  type: z.string(),
  ok: z.boolean().optional(),
  taskId: z.string().optional(),
  attempt: z.int().optional(),
  seq: z.int().optional(),
  outcome: z.string().optional(),
  task: z.looseObject({ taskId: z.string() }).optional(),
});

/** One task at a host, and the moment at which its `task:execute` arrived. */
export interface Offer {
  taskId: string;
  attempt: number;
  at: number;
}

export interface HostHandlers {
  onExecute(offer: Offer, host: BenchHost): void;
  onSettled?(taskId: string): void;
  onAck?(taskId: string, seq: number): void;
}

/** Larger than any number of tasks that a benchmark has under way. */
const CAPACITY = 100_000;

/** A gateway of protocol 2 that runs nothing: it answers as its handlers say. */
export class BenchHost {
  readonly #socket: WebSocket;
  readonly #handlers: HostHandlers;
  #registered: () => void = () => undefined;

  private constructor(socket: WebSocket, handlers: HostHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    socket.on('message', (data) => this.#receive(String(data)));
  }

  /** Connects and registers; the one agent that it offers is its part of the benchmark. */
  static async connect(target: Target, hostId: string, agent: string, handlers: HostHandlers): Promise<BenchHost> {
    const socket = new WebSocket(`${target.url.replace(/^http/, 'ws')}/agent/ws?hostId=${hostId}`, {
      headers: { authorization: `Bearer ${target.token('host', hostId)}` },
      perMessageDeflate: false,
    });
    const host = new BenchHost(socket, handlers);
    const registered = new Promise<void>((resolve, reject) => {
      host.#registered = resolve;
      socket.once('error', reject);
      socket.once('close', (code, reason) => reject(new Error(`closed with ${code} ${reason}`)));
    });
    socket.once('open', () =>
      host.#send({
        type: 'register',
        hostId,
        capabilities: { name: hostId, agents: [agent], maxConcurrent: CAPACITY, cwd: '/srv/project' },
        protocol: 2,
        version: '0.0.0-bench',
        features: [],
        withoutInput: [],
        runs: [],
      }),
    );
    await registered;
    return host;
  }

  #receive(text: string): void {
    const at = performance.now();
    const frame = downSchema.parse(JSON.parse(text));
    const { type, taskId = '', seq = 0 } = frame;
    if (type === 'registered') this.#registered();
    if (type === 'task:execute' && frame.task !== undefined) {
      this.#handlers.onExecute({ taskId: frame.task.taskId, attempt: frame.attempt ?? 1, at }, this);
    }
    if (type === 'task:ack') this.#handlers.onAck?.(taskId, seq);
    if (type === 'task:settled') {
      if (frame.outcome !== 'committed') throw new Error(`settled otherwise: ${text}`);
      this.#handlers.onSettled?.(taskId);
    }
  }

  #send(frame: Record<string, unknown>): void {
    this.#socket.send(JSON.stringify(frame));
  }

  started({ taskId, attempt }: Offer): void {
    this.#send({ type: 'task:started', taskId, attempt, sessionId: '' });
  }

  events({ taskId, attempt }: Offer, seq: number, contents: string[]): void {
    const timestamp = Date.now();
    const events = contents.map((content) => ({ type: 'log', content, timestamp }));
    this.#send({ type: 'task:events', taskId, attempt, seq, events });
  }

  completed({ taskId, attempt }: Offer, lastSeq = 0): void {
    this.#send({ type: 'task:completed', taskId, attempt, seq: lastSeq, result: { success: true, exitCode: 0 } });
  }

  close(): void {
    this.#socket.terminate();
  }
}
