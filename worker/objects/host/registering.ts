import type { Down } from '../../../shared/protocol/down.ts';
import type { RunRef } from '../../../shared/protocol/run-ref.ts';

interface Pending {
  /** What SchedulerDO sends before `registered` is out; `run` is the attempt that an `execute` is about. */
  held: { frame: Down; run: RunRef | null }[];
  /** What the host sends before it has its answer. */
  frames: string[];
  bytes: number;
}

/** Sockets whose `register` is being answered: both directions wait until `registered` is sent. In memory only. */
export class Registering {
  readonly #pending = new Map<WebSocket, Pending>();

  begin(ws: WebSocket): void {
    this.#pending.set(ws, { held: [], frames: [], bytes: 0 });
  }

  has(ws: WebSocket): boolean {
    return this.#pending.has(ws);
  }

  /** Sent after `registered`, in order. */
  hold(ws: WebSocket, frame: Down, run: RunRef | null): boolean {
    return (this.#pending.get(ws)?.held.push({ frame, run }) ?? 0) > 0;
  }

  /** An attempt is taken back; true when its `execute` had not gone out. */
  release(run: RunRef): boolean {
    let unsent = false;
    for (const pending of this.#pending.values()) {
      const kept = pending.held.filter((item) => item.run?.taskId !== run.taskId || item.run.attempt !== run.attempt);
      if (kept.length < pending.held.length) unsent = true;
      pending.held = kept;
    }
    return unsent;
  }

  /** Keeps an up-frame for later; returns the bytes kept so far. */
  keep(ws: WebSocket, text: string): number {
    const pending = this.#pending.get(ws);
    if (pending === undefined) return 0;
    pending.frames.push(text);
    pending.bytes += text.length;
    return pending.bytes;
  }

  /** What goes out right after `registered`. */
  takeHeld(ws: WebSocket): Down[] {
    const pending = this.#pending.get(ws);
    const held = pending?.held.map((item) => item.frame) ?? [];
    if (pending !== undefined) pending.held = [];
    return held;
  }

  /** The registration is over: what the host had sent meanwhile is due. */
  end(ws: WebSocket): string[] {
    const frames = this.#pending.get(ws)?.frames ?? [];
    this.#pending.delete(ws);
    return frames;
  }
}
