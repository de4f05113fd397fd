import { DurableObject } from 'cloudflare:workers';

/**
 * The floor: the same hops and the same commits as the product with nothing else in them - no authentication, no
 * schemas, no queue, no leases, one SQL insert per request. What the product costs beyond this is its own.
 */

interface Env {
  SCHEDULER: DurableObjectNamespace<SchedulerDO>;
  HOST: DurableObjectNamespace<HostDO>;
  LOG: DurableObjectNamespace<LogDO>;
}

interface UpFrame {
  type: string;
  taskId: string;
  attempt: number;
  seq: number;
  events: unknown[];
  capabilities: { agents: string[] };
}

interface TaskBody {
  agentType: string;
}

const ONLY = 'default';

export class SchedulerDO extends DurableObject<Env> {
  #next = 0;
  readonly #hosts = new Map<string, string[]>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS task (id TEXT PRIMARY KEY, status TEXT, body TEXT)');
  }

  register(host: string, agents: string[]): void {
    for (const agent of agents) this.#hosts.set(agent, [...(this.#hosts.get(agent) ?? []), host]);
  }

  create(body: string): string {
    const taskId = crypto.randomUUID();
    this.ctx.storage.sql.exec('INSERT INTO task VALUES (?, ?, ?)', taskId, 'assigned', body);
    const task: TaskBody = JSON.parse(body);
    const hosts = this.#hosts.get(task.agentType) ?? [];
    const host = hosts[this.#next % hosts.length] ?? '';
    this.#next += 1;
    this.ctx.waitUntil(this.env.HOST.getByName(host).execute(taskId, body));
    return taskId;
  }

  status(taskId: string, status: string): void {
    this.ctx.storage.sql.exec('UPDATE task SET status = ? WHERE id = ?', status, taskId);
  }
}

export class HostDO extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS run (id TEXT PRIMARY KEY)');
  }

  override fetch(request: Request): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [new URL(request.url).searchParams.get('hostId') ?? '']);
    return new Response(null, { status: 101, webSocket: client });
  }

  execute(taskId: string, body: string): void {
    this.ctx.storage.sql.exec('INSERT INTO run VALUES (?)', taskId);
    this.#send({ type: 'task:execute', attempt: 1, task: { taskId, ...JSON.parse(body) } });
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    const frame: UpFrame = JSON.parse(String(data));
    const { taskId, attempt, seq } = frame;
    const scheduler = this.env.SCHEDULER.getByName(ONLY);
    if (frame.type === 'register') {
      await scheduler.register(this.ctx.getTags(socket)[0] ?? '', frame.capabilities.agents);
      this.#send({ type: 'registered', ok: true });
    }
    if (frame.type === 'task:started') await scheduler.status(taskId, 'running');
    if (frame.type === 'task:events') {
      const stored = await this.env.LOG.getByName(ONLY).append(taskId, seq, JSON.stringify(frame.events));
      this.#send({ type: 'task:ack', taskId, attempt, seq: stored });
    }
    if (frame.type === 'task:completed') {
      await scheduler.status(taskId, 'completed');
      this.#send({ type: 'task:settled', taskId, attempt, outcome: 'committed' });
    }
  }

  #send(frame: object): void {
    for (const socket of this.ctx.getWebSockets()) socket.send(JSON.stringify(frame));
  }
}

export class LogDO extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(
      'CREATE TABLE IF NOT EXISTS batch (id INTEGER PRIMARY KEY, task TEXT, first INTEGER, body TEXT)',
    );
  }

  override fetch(request: Request): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server, [new URL(request.url).pathname.split('/')[3] ?? '']);
    return new Response(null, { status: 101, webSocket: client });
  }

  append(taskId: string, first: number, body: string): number {
    this.ctx.storage.sql.exec('INSERT INTO batch (task, first, body) VALUES (?, ?, ?)', taskId, first, body);
    const events: unknown[] = JSON.parse(body);
    for (const socket of this.ctx.getWebSockets(taskId)) {
      for (const [index, event] of events.entries()) {
        socket.send(JSON.stringify({ seq: first + index, at: Date.now(), attempt: 1, event }));
      }
    }
    return first + events.length - 1;
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/agent/ws') return env.HOST.getByName(searchParams.get('hostId') ?? '').fetch(request);
    if (pathname.endsWith('/events')) return env.LOG.getByName(ONLY).fetch(request);
    const id = await env.SCHEDULER.getByName(ONLY).create(await request.text());
    return Response.json({ id }, { status: 201 });
  },
} satisfies ExportedHandler<Env>;
