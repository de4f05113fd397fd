import { env } from 'cloudflare:workers';
import { z } from 'zod';
import { hostObjectName } from '../../../worker/names.ts';
import { HOST_HEADERS } from '../../../worker/rpc.ts';

const frameSchema = z.looseObject({ type: z.string() });
export type Frame = z.infer<typeof frameSchema>;

export interface Handshake {
  ip?: string;
  /** ms since the epoch. */
  issuedAt?: number;
  expiresAt?: number;
  tokenId?: string;
  renewable?: boolean;
}

let pools = 0;

/** A pool that no other test uses. */
export function freshPool(): string {
  pools += 1;
  return `pool-${pools}-${Math.random().toString(36).slice(2, 8)}`;
}

export function hostStub(pool: string, hostId: string) {
  return env.HOST.getByName(hostObjectName(pool, hostId));
}

/** The upgrade as the Worker hands it on. */
export function knock(pool: string, hostId: string, handshake: Handshake = {}): Promise<Response> {
  const headers = {
    Upgrade: 'websocket',
    [HOST_HEADERS.POOL]: pool,
    [HOST_HEADERS.HOST]: hostId,
    [HOST_HEADERS.ISSUED_AT]: String((handshake.issuedAt ?? Date.now()) / 1000),
    [HOST_HEADERS.EXPIRES_AT]: String((handshake.expiresAt ?? Date.now() + 3_600_000) / 1000),
    [HOST_HEADERS.IP]: handshake.ip ?? '192.0.2.1',
    [HOST_HEADERS.TOKEN_ID]: handshake.tokenId ?? '',
    [HOST_HEADERS.RENEWABLE]: String(handshake.renewable === true),
  };
  return hostStub(pool, hostId).fetch(`https://gateway.test/agent/ws?hostId=${hostId}`, { headers });
}

/** A gateway reduced to its socket: sends what it is told, keeps what it gets. */
export class Client {
  readonly hostId: string;
  readonly pool: string;
  /** Everything received, in order. */
  readonly frames: Frame[] = [];
  closed: { code: number; reason: string } | null = null;
  readonly #ws: WebSocket;
  #read = 0;
  #wake: () => void = () => {};

  private constructor(pool: string, hostId: string, ws: WebSocket) {
    this.pool = pool;
    this.hostId = hostId;
    this.#ws = ws;
    ws.addEventListener('message', (event) => {
      this.frames.push(frameSchema.parse(JSON.parse(z.string().parse(event.data))));
      this.#wake();
    });
    ws.addEventListener('close', (event) => {
      this.closed = { code: event.code, reason: event.reason };
      this.#wake();
    });
    ws.accept();
  }

  static async connect(pool: string, hostId: string, handshake: Handshake = {}): Promise<Client> {
    const response = await knock(pool, hostId, handshake);
    if (response.webSocket === null) throw new Error(`refused: ${response.status} ${await response.text()}`);
    return new Client(pool, hostId, response.webSocket);
  }

  send(frame: object): void {
    this.#ws.send(JSON.stringify(frame));
  }

  sendRaw(data: string | ArrayBuffer): void {
    this.#ws.send(data);
  }

  close(code = 1000): void {
    this.#ws.close(code, 'bye');
  }

  /** The next frame of this type that has not been taken yet; others on the way are passed over. */
  async next(type: string): Promise<Frame> {
    for (;;) {
      while (this.#read < this.frames.length) {
        const frame = this.frames[this.#read];
        this.#read += 1;
        if (frame?.type === type) return frame;
      }
      if (this.closed !== null) throw new Error(`closed with ${this.closed.code} while waiting for ${type}`);
      await this.#something();
    }
  }

  async untilClosed(): Promise<{ code: number; reason: string }> {
    while (this.closed === null) await this.#something();
    return this.closed;
  }

  #something(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

export const CAPABILITIES = { name: 'a host', agents: ['opencode', 'lines'], maxConcurrent: 2, cwd: '/srv/work' };

export function registerV1(hostId: string, extra: object = {}) {
  return { type: 'register', hostId, capabilities: { ...CAPABILITIES, ...extra } };
}

export function registerV2(hostId: string, extra: object = {}) {
  return {
    ...registerV1(hostId),
    protocol: 2,
    version: '0.0.0-test',
    features: [],
    withoutInput: [],
    runs: [],
    ...extra,
  };
}

/** A connected and registered version-1 host. */
export async function v1Host(pool: string, hostId: string): Promise<Client> {
  const client = await Client.connect(pool, hostId);
  client.send(registerV1(hostId));
  await client.next('registered');
  return client;
}

/** A connected and registered version-2 host. */
export async function v2Host(pool: string, hostId: string, extra: object = {}): Promise<Client> {
  const client = await Client.connect(pool, hostId);
  client.send(registerV2(hostId, extra));
  await client.next('registered');
  return client;
}
