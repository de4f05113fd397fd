import { z } from 'zod';
import { knock, registerV1, registerV2 } from '../host/client.ts';
import { event, until } from '../host/pool.ts';

const frameSchema = z.looseObject({ type: z.string() });
const executeSchema = z.object({ attempt: z.int().optional(), task: z.object({ taskId: z.string() }) });
const inputSchema = z.object({ content: z.string(), inputId: z.string().optional() });
const verdictsSchema = z.object({ runs: z.array(z.object({ verdict: z.string(), ackedSeq: z.int() })).optional() });

/** What a gateway keeps on its disk of its one run. */
interface Run {
  taskId: string;
  /** Undefined in version 1. */
  attempt: number | undefined;
  started: boolean;
  events: string[];
  acked: number;
  end: object | null;
}

/**
 * A gateway reduced to what the protocol asks of it: whenever its socket is closed it comes back and, in version 2, names its run and
 * sends again what was not answered.
 */
export class Gateway {
  /** What the server told it, in order and in short. An input that comes again under its id is told once. */
  readonly told: string[] = [];
  /** Sockets that it has had, and how many of them were registered. */
  connected = 0;
  registered = 0;
  readonly #pool: string;
  readonly #protocol: 1 | 2;
  #socket: WebSocket | null = null;
  #wantsToRegister = false;
  #closing = false;
  #run: Run | null = null;
  readonly #inputs: string[] = [];
  #changed: () => void = () => {};

  constructor(pool: string, protocol: 1 | 2) {
    this.#pool = pool;
    this.#protocol = protocol;
  }

  async connect(): Promise<void> {
    const response = await until(
      () => knock(this.#pool, 'box').catch(() => null),
      (answer) => (answer?.webSocket ?? null) !== null,
    );
    const socket = response?.webSocket;
    if (socket === null || socket === undefined) throw new Error('no socket');
    this.#socket = socket;
    this.connected += 1;
    socket.addEventListener('message', ({ data }) => this.#onFrame(String(data)));
    socket.addEventListener('close', () => {
      if (this.#socket === socket && !this.#closing) void this.#comeBack();
    });
    socket.accept();
  }

  register(): void {
    this.#wantsToRegister = true;
    const run = this.#run;
    const runs =
      run === null
        ? []
        : [{ taskId: run.taskId, attempt: run.attempt, lastSeq: run.events.length, finished: run.end !== null }];
    this.#send(this.#protocol === 1 ? registerV1('box') : registerV2('box', { runs }));
  }

  start(): void {
    this.#mine().started = true;
    this.#sendStarted();
  }

  emit(...contents: string[]): void {
    const { events } = this.#mine();
    events.push(...contents);
    this.#sendEvents(events.length - contents.length);
  }

  ackInput(): void {
    for (const inputId of this.#inputs) this.#send({ type: 'input:ack', ...this.#ref(), inputId });
  }

  /** `end` is the terminal frame of version 2 without what names the run. */
  finish(end: object): void {
    this.#mine().end = end;
    this.#sendEnd();
  }

  close(): void {
    this.#closing = true;
    this.#socket?.close(1000, 'bye');
  }

  /** The test's own time limit ends it. */
  async until(condition: (gateway: Gateway) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  async #comeBack(): Promise<void> {
    await this.connect();
    if (this.#wantsToRegister) this.register();
    this.#changed();
  }

  #mine(): Run {
    if (this.#run === null) throw new Error('no run');
    return this.#run;
  }

  #ref(): { taskId: string; attempt?: number } {
    const { taskId, attempt } = this.#mine();
    return attempt === undefined ? { taskId } : { taskId, attempt };
  }

  /** What cannot be sent is sent after the next register. */
  #send(frame: object): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #sendStarted(): void {
    this.#send({ type: 'task:started', ...this.#ref(), sessionId: 'ses_1' });
  }

  #sendEvents(from: number): void {
    const events = this.#mine().events.slice(from).map(event);
    if (this.#protocol === 1) for (const one of events) this.#send({ type: 'task:event', ...this.#ref(), event: one });
    else if (events.length > 0) this.#send({ type: 'task:events', ...this.#ref(), seq: from + 1, events });
  }

  #sendEnd(): void {
    const { end, events } = this.#mine();
    const extras = this.#protocol === 1 ? { code: undefined } : { seq: events.length };
    if (end !== null) this.#send({ ...end, ...this.#ref(), ...extras });
  }

  #onFrame(text: string): void {
    const frame = frameSchema.parse(JSON.parse(text));
    switch (frame.type) {
      case 'registered':
        this.#onRegistered(verdictsSchema.parse(frame).runs ?? []);
        break;
      case 'task:execute': {
        const { attempt, task } = executeSchema.parse(frame);
        this.told.push(`execute ${attempt ?? ''}`);
        this.#run = { taskId: task.taskId, attempt, started: false, events: [], acked: 0, end: null };
        break;
      }
      case 'task:input':
        this.#onInput(inputSchema.parse(frame));
        break;
      case 'task:abort':
        this.told.push('abort');
        break;
      case 'task:ack':
        this.#mine().acked = Math.max(this.#mine().acked, z.int().parse(frame.seq));
        break;
      case 'task:settled':
        if (frame.outcome === 'retry') this.#sendEnd();
        else this.#onSettled(String(frame.outcome));
        break;
      default:
    }
    this.#changed();
  }

  #onRegistered(verdicts: { verdict: string; ackedSeq: number }[]): void {
    this.registered += 1;
    const [verdict] = verdicts;
    if (verdict === undefined) return;
    if (verdict.verdict === 'settled') {
      this.#onSettled('committed');
      return;
    }
    if (verdict.verdict === 'stop') this.told.push('abort');
    if (this.#mine().started) this.#sendStarted();
    this.#sendEvents(verdict.ackedSeq);
    this.#sendEnd();
  }

  #onInput({ content, inputId }: z.infer<typeof inputSchema>): void {
    if (inputId !== undefined && this.#inputs.includes(inputId)) return;
    if (inputId !== undefined) this.#inputs.push(inputId);
    this.told.push(`input ${content}`);
  }

  #onSettled(outcome: string): void {
    this.#run = null;
    this.told.push(`settled ${outcome}`);
  }
}
