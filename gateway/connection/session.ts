import type WebSocket from 'ws';
import { encodeFrame } from '../../shared/protocol/codec.ts';
import type { RegisterV2 } from '../../shared/protocol/register.ts';
import type { Registered } from '../../shared/protocol/registered.ts';
import type { ConnectionEnd } from '../domain/connection-fate.ts';
import { log } from '../logger.ts';
import { type DownHandlers, dispatchFrame } from './dispatch.ts';
import { type Heartbeat, heartbeatText, startHeartbeat } from './heartbeat.ts';
import { type Endpoint, openSocket } from './open-socket.ts';
import { type Uplink, uplinkOver } from './uplink.ts';

/** ms from `register` to `registered` before the connection is given up. */
const REGISTER_TIMEOUT_MS = 15_000;
/** ms for the server to answer a close before the socket is dropped. */
const CLOSE_TIMEOUT_MS = 1_000;
const CLOSE_NORMAL = 1000;

/** What a registered connection carries, until `end`. */
export interface SessionWork
  extends Pick<DownHandlers, 'execute' | 'abort' | 'input' | 'finish' | 'approvalDecided' | 'ack' | 'settled'> {
  /** The connection is gone; `uplink` takes nothing more. */
  end(): void;
}

export interface SessionHooks {
  /** The first frame; asked for once the socket is open. */
  registration(): Promise<RegisterV2>;
  /** `registered` came. The answer handles what follows. */
  begin(uplink: Uplink, registered: Registered): SessionWork;
  /** ms between heartbeats, for this protocol version's server. */
  heartbeatInterval(registered: Registered): number;
  /** Takes the server's configuration; answers a new heartbeat interval, or null to keep it. */
  configure(message: Parameters<DownHandlers['configure']>[0]): number | null;
  /** Keeps the next token. */
  renewed: DownHandlers['renewed'];
}

/** The state of one connection between its frames. */
class Session implements DownHandlers {
  readonly #socket: WebSocket;
  readonly #hooks: SessionHooks;
  #work: SessionWork | null = null;
  #heartbeat: Heartbeat | null = null;
  #protocol: 1 | 2 = 1;
  rejection: string | null = null;
  registeredAt: number | null = null;

  constructor(socket: WebSocket, hooks: SessionHooks) {
    this.#socket = socket;
    this.#hooks = hooks;
  }

  registered(message: Registered): void {
    if (this.registeredAt !== null || this.rejection !== null) return;
    if (!message.ok) {
      this.rejection = ('error' in message ? message.error : undefined) ?? '';
      this.#socket.close(CLOSE_NORMAL);
      return;
    }
    this.registeredAt = performance.now();
    this.#protocol = 'protocol' in message ? message.protocol : 1;
    this.#heartbeat = startHeartbeat(this.#socket, this.#protocol, this.#hooks.heartbeatInterval(message));
    this.#work = this.#hooks.begin(uplinkOver(this.#socket, this.#protocol), message);
  }

  /** Answered in version 1's form by both versions: the exact text of version 2's heartbeat would wake nobody. */
  ping(): void {
    this.#socket.send(heartbeatText(1, Date.now()));
  }

  configure(message: Parameters<DownHandlers['configure']>[0]): void {
    const interval = this.#hooks.configure(message);
    if (interval !== null) this.#heartbeat?.rearm(interval);
  }

  renewed(message: Parameters<DownHandlers['renewed']>[0]): void {
    if (this.registeredAt !== null) this.#hooks.renewed(message);
  }

  execute(message: Parameters<DownHandlers['execute']>[0]): void {
    this.#work?.execute(message);
  }

  abort(message: Parameters<DownHandlers['abort']>[0]): void {
    this.#work?.abort(message);
  }

  input(message: Parameters<DownHandlers['input']>[0]): void {
    this.#work?.input(message);
  }

  finish(message: Parameters<DownHandlers['finish']>[0]): void {
    this.#work?.finish(message);
  }

  approvalDecided(message: Parameters<DownHandlers['approvalDecided']>[0]): void {
    this.#work?.approvalDecided(message);
  }

  ack(message: Parameters<DownHandlers['ack']>[0]): void {
    this.#work?.ack(message);
  }

  settled(message: Parameters<DownHandlers['settled']>[0]): void {
    this.#work?.settled(message);
  }

  bad(reason: string): void {
    log.warn('the server sent a frame that is none: {reason}', { reason });
  }

  end(): void {
    this.#heartbeat?.stop();
    this.#work?.end();
  }
}

function closed(socket: WebSocket, signal: AbortSignal): Promise<{ code: number; reason: string }> {
  return new Promise((resolve) => {
    let patience: NodeJS.Timeout | undefined;
    const leave = () => {
      socket.close(CLOSE_NORMAL);
      patience = setTimeout(() => socket.terminate(), CLOSE_TIMEOUT_MS);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    socket.once('close', (code, reason) => {
      clearTimeout(patience);
      signal.removeEventListener('abort', leave);
      resolve({ code, reason: reason.toString('utf8') });
    });
  });
}

/** One connection from its opening to its end: connects, registers, carries frames. Aborting `signal` closes it. Never rejects. */
export async function runSession(endpoint: Endpoint, hooks: SessionHooks, signal: AbortSignal): Promise<ConnectionEnd> {
  const opening = await openSocket(endpoint, signal);
  if (opening.kind !== 'open') return opening;
  const { socket } = opening;
  const session = new Session(socket, hooks);
  socket.on('message', (data, isBinary) => {
    if (isBinary) session.bad('it is binary');
    else dispatchFrame(data.toString(), session);
  });
  const end = closed(socket, signal);
  const unanswered = setTimeout(() => {
    if (session.registeredAt === null) socket.terminate();
  }, REGISTER_TIMEOUT_MS);
  try {
    await hooks.registration().then(
      (frame) => socket.send(encodeFrame(frame)),
      (error: unknown) => {
        log.error('cannot read the runs on disk: {error}', { error: String(error) });
        socket.terminate();
      },
    );
    const { code, reason } = await end;
    if (session.rejection !== null) return { kind: 'rejected', message: session.rejection };
    const registeredMs = session.registeredAt === null ? 0 : performance.now() - session.registeredAt;
    return { kind: 'closed', code, message: reason, registeredMs };
  } finally {
    clearTimeout(unanswered);
    session.end();
  }
}
