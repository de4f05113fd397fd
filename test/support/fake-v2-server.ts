import { z } from 'zod';
import { registerV2Schema } from '../../shared/protocol/register.ts';
import type { RunVerdict } from '../../shared/protocol/registered.ts';
import { taskEventsSchema } from '../../shared/protocol/task-event.ts';
import { FakeServer, type Frame, type Peer } from './fake-server.ts';

const endSchema = z.looseObject({ taskId: z.string(), attempt: z.int(), seq: z.int() });

/** What the server knows of one run. */
export interface StoredRun {
  contents: string[];
  end: Frame | null;
}

/**
 * A version-2 server that stores events by number, acknowledges, and settles ends, as the protocol promises. It judges strictly:
 * every frame of a run must pass the schema, and nothing is stored twice or out of order.
 */
export class FakeV2Server extends FakeServer {
  readonly runs = new Map<string, StoredRun>();
  /** ms, as `registered` says it. */
  heartbeatInterval = 30_000;
  /** Verdict for a reported run; its own default is to go on. */
  verdict: RunVerdict['verdict'] = 'continue';
  /** While false, events and ends are neither stored nor answered. */
  answering = true;

  constructor() {
    super((peer, frame) => this.#answer(peer, frame));
  }

  stored(taskId: string, attempt = 1): StoredRun {
    const key = `${taskId}.${attempt}`;
    const run = this.runs.get(key) ?? { contents: [], end: null };
    this.runs.set(key, run);
    return run;
  }

  /** The next connection, registered. */
  async registered(): Promise<Peer> {
    const peer = await this.peers.take('a connection', () => true);
    await peer.take('register');
    return peer;
  }

  #answer(peer: Peer, frame: Frame): void {
    if (frame.type === 'register') this.#register(peer, frame);
    if (frame.type === 'heartbeat' && frame.timestamp === undefined) peer.send({ type: 'heartbeat:ok' });
    if (!this.answering) return;
    if (frame.type === 'task:events') this.#store(peer, frame);
    if (frame.type === 'task:completed' || frame.type === 'task:failed') this.#settle(peer, frame);
  }

  #register(peer: Peer, frame: Frame): void {
    const { runs } = registerV2Schema.parse(frame);
    peer.send({
      type: 'registered',
      ok: true,
      protocol: 2,
      settings: { heartbeatInterval: this.heartbeatInterval, heartbeatTimeout: 3 * this.heartbeatInterval },
      runs: runs.map(({ taskId, attempt }) => ({
        taskId,
        attempt,
        verdict: this.verdict,
        ackedSeq: this.stored(taskId, attempt).contents.length,
      })),
    });
  }

  #store(peer: Peer, frame: Frame): void {
    const { taskId, attempt, seq, events } = taskEventsSchema.parse(frame);
    const { contents } = this.stored(taskId, attempt);
    if (seq <= contents.length + 1) {
      for (const event of events.slice(contents.length + 1 - seq)) contents.push(event.content ?? '');
    }
    peer.send({ type: 'task:ack', taskId, attempt, seq: contents.length });
  }

  #settle(peer: Peer, frame: Frame): void {
    const { taskId, attempt, seq } = endSchema.parse(frame);
    const run = this.stored(taskId, attempt);
    if (run.contents.length < seq) {
      peer.send({ type: 'task:ack', taskId, attempt, seq: run.contents.length });
      return;
    }
    run.end = frame;
    peer.send({ type: 'task:settled', taskId, attempt, outcome: 'committed' });
  }
}
