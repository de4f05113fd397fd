import { connect, createServer, type Server, type Socket } from 'node:net';

/** `refuse`: connections are reset; `swallow`: bytes vanish, nothing is closed; `slow`: bytes trickle. */
export type LinkMode = 'pass' | 'refuse' | 'swallow' | 'slow';

/** What a slow link lets through at once, and how often. */
const SLOW_CHUNK_BYTES = 2_048;
const SLOW_TICK_MS = 100;
/** ms for which the last bytes of a doubled connection are on their way: long enough for the next one to be there. */
const LATE_MS = 2_000;

/** One connection through the link, both ends of it. */
class Pair {
  readonly near: Socket;
  readonly far: Socket;
  #mode: LinkMode = 'pass';
  /** Bytes on a slow link, in order. */
  readonly #queue: { to: Socket; bytes: Buffer }[] = [];
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(near: Socket, far: Socket) {
    this.near = near;
    this.far = far;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      // "close" follows.
      from.on('error', () => {});
      from.on('data', (bytes: Buffer) => this.#pass(from, to, bytes));
      from.on('close', () => {
        if (this.#mode === 'swallow') return;
        this.#flush();
        to.end();
      });
    }
  }

  #pass(from: Socket, to: Socket, bytes: Buffer): void {
    if (this.#mode === 'swallow' || to.destroyed) return;
    if (this.#mode === 'slow') {
      this.#queue.push({ to, bytes });
    } else if (!to.write(bytes)) {
      from.pause();
      to.once('drain', () => from.resume());
    }
  }

  set(mode: LinkMode): void {
    // What was swallowed is gone: these streams could not go on even if the link did.
    if (this.#mode === 'swallow') return;
    this.#mode = mode;
    this.ended();
    if (mode === 'slow') this.#timers.push(setInterval(() => this.#trickle(), SLOW_TICK_MS));
    else if (mode === 'refuse') this.destroy();
    else if (mode === 'pass') this.#flush();
  }

  #trickle(): void {
    const first = this.#queue.shift();
    if (first === undefined || first.to.destroyed) return;
    first.to.write(first.bytes.subarray(0, SLOW_CHUNK_BYTES));
    const rest = first.bytes.subarray(SLOW_CHUNK_BYTES);
    if (rest.length > 0) this.#queue.unshift({ to: first.to, bytes: rest });
  }

  #flush(): void {
    for (const { to, bytes } of this.#queue.splice(0)) if (!to.destroyed) to.write(bytes);
  }

  /** Resets the near end; what that had said just before reaches the far end late, and the far end stays open. */
  loseNear(): void {
    if (this.#mode !== 'pass') return;
    this.#mode = 'swallow';
    const late: Buffer[] = [];
    this.near.on('data', (bytes: Buffer) => late.push(bytes));
    this.#timers.push(setTimeout(() => this.near.resetAndDestroy(), SLOW_TICK_MS));
    this.#timers.push(setTimeout(() => !this.far.destroyed && this.far.write(Buffer.concat(late)), LATE_MS));
  }

  /** Nothing more will be asked of it. */
  ended(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }

  destroy(): void {
    this.ended();
    this.near.resetAndDestroy();
    this.far.resetAndDestroy();
  }
}

/** The port that a server listens on. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port');
  return address.port;
}

/** A TCP proxy on loopback in front of one port, whose connections can be harmed. */
export class FaultyLink {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #mode: LinkMode = 'pass';

  private constructor(targetPort: number) {
    this.#server = createServer((near) => {
      if (this.#mode === 'refuse') {
        near.on('error', () => {});
        near.resetAndDestroy();
        return;
      }
      const pair = new Pair(near, connect(targetPort, '127.0.0.1'));
      pair.set(this.#mode);
      this.#pairs.add(pair);
      for (const end of [pair.near, pair.far])
        end.on('close', () => {
          if (pair.far.closed) pair.ended();
          // A pair that swallows keeps one end open when the other has gone, and that one is still to be closed.
          if (pair.near.closed && pair.far.closed) this.#pairs.delete(pair);
        });
    });
  }

  static async open(targetPort: number): Promise<FaultyLink> {
    const link = new FaultyLink(targetPort);
    await new Promise<void>((resolve, reject) => {
      link.#server.once('error', reject);
      link.#server.listen(0, '127.0.0.1', resolve);
    });
    return link;
  }

  get port(): number {
    return portOf(this.#server);
  }

  /** For what is connected now and for what comes. `pass` heals all but what was swallowed. */
  set(mode: LinkMode): void {
    this.#mode = mode;
    for (const pair of this.#pairs) pair.set(mode);
  }

  /** The near side loses its connections, the far side keeps them and hears the last of them late. */
  double(): void {
    for (const pair of this.#pairs) pair.loseNear();
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
