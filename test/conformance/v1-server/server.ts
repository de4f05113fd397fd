import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { Inbox } from '../../e2e/harness/inbox.ts';
import { within } from '../../e2e/harness/wait.ts';
import { type UpFrame, type UpOf, type UpType, upFrame } from './frames.ts';

/** A request to upgrade, as the server saw it. */
export interface Attempt {
  at: number;
  path: string;
  hostId: string | null;
  authorization: string | undefined;
}

/** One connection of a gateway. */
export class Connection {
  readonly inbox = new Inbox<UpFrame>();
  readonly violations: string[];
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, violations: string[]) {
    this.#socket = socket;
    this.violations = violations;
    this.closed = new Promise((resolve) => {
      socket.once('close', (code) => {
        this.inbox.end(`connection closed with ${code}`);
        resolve(code);
      });
    });
    socket.on('error', () => undefined);
    socket.on('message', (data, isBinary) => this.#receive(isBinary ? 'null' : String(data)));
  }

  #receive(text: string): void {
    const frame = upFrame.safeParse(JSON.parse(text));
    if (!frame.success) {
      this.violations.push(`${text.slice(0, 1000)}: ${frame.error.message}`);
      return;
    }
    if (this.inbox.all.length === 0 && frame.data.type !== 'register') {
      this.violations.push(`the first frame is ${frame.data.type}, not register`);
    }
    this.inbox.push(frame.data);
  }

  send(frame: Record<string, unknown>): void {
    this.#socket.send(JSON.stringify(frame));
  }

  next<T extends UpType>(type: T, taskId?: string): Promise<UpOf<T>> {
    const match = (frame: UpFrame): frame is UpOf<T> =>
      frame.type === type && (taskId === undefined || ('taskId' in frame && frame.taskId === taskId));
    return this.inbox.take(`${type} from the gateway`, match);
  }

  /** The texts of a task's events so far, in order. */
  texts(taskId: string): string[] {
    return this.inbox.all.flatMap((frame) =>
      frame.type === 'task:event' && frame.taskId === taskId ? [String(frame.event.content)] : [],
    );
  }

  execute(task: Record<string, unknown>): void {
    this.send({ type: 'task:execute', task });
  }

  close(code: number, reason = ''): void {
    this.#socket.close(code, reason);
  }

  cut(): void {
    this.#socket.terminate();
  }
}

/** A server of version 1 that knows nothing but the contract's tables. */
export class V1Server {
  readonly attempts = new Inbox<Attempt>();
  readonly connections = new Inbox<Connection>();
  /** Every frame that version 1 does not allow; each test ends by expecting none. */
  readonly violations: string[] = [];
  /** HTTP status for the upgrade; 101 accepts. */
  answer = 101;
  readonly #http: Server;
  #port = 0;
  readonly #sockets = new WebSocketServer({ noServer: true });

  private constructor() {
    this.#http = createServer((_request, response) => response.writeHead(404).end());
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Listens on loopback, on any free port unless one is named. */
  static async start(port = 0): Promise<V1Server> {
    const server = new V1Server();
    await new Promise<void>((resolve) => server.#http.listen(port, '127.0.0.1', resolve));
    const address = server.#http.address();
    if (address === null || typeof address === 'string') throw new Error('not listening on a port');
    server.#port = address.port;
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url);
    const attempt = {
      at: Date.now(),
      path: pathname,
      hostId: searchParams.get('hostId'),
      authorization: request.headers.authorization,
    };
    if (this.answer === 101) {
      this.#sockets.handleUpgrade(request, socket, head, (ws) => {
        this.connections.push(new Connection(ws, this.violations));
      });
    } else {
      socket.end(
        `HTTP/1.1 ${this.answer} ${STATUS_CODES[this.answer]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
      );
    }
    this.attempts.push(attempt);
  }

  attempt(): Promise<Attempt> {
    return this.attempts.take('a connection attempt', () => true);
  }

  connection(): Promise<Connection> {
    return this.connections.take('a connection', () => true);
  }

  /** The next connection, after its `register` was answered. */
  async registered(): Promise<Connection> {
    const connection = await this.connection();
    await connection.next('register');
    connection.send({ type: 'registered', ok: true });
    return connection;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    await within('end of the test server', new Promise((resolve) => this.#http.close(resolve)));
  }
}
