import { SELF } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { isTerminalEntry, type LogEntry, logEntrySchema } from '../../../shared/log-entry.ts';
import { token } from '../http/support.ts';

/** A client of the pool, over the Worker and its real objects. */
export async function call(pool: string, method: string, path: string, body?: object): Promise<Response> {
  const headers = new Headers(await authorization(pool));
  if (body !== undefined) headers.set('content-type', 'application/json');
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return SELF.fetch(new Request(`https://gateway.test${path}`, init));
}

async function authorization(pool: string): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await token({ role: 'admin', pool }, env.JWT_SECRET ?? '')}` };
}

/** A watcher that comes back after its last entry whenever it is cut off, as an `EventSource` does. */
export class Follower {
  readonly entries: LogEntry[] = [];
  readonly #pool: string;
  readonly #taskId: string;
  readonly #form: 'socket' | 'sse';
  #closed = false;
  #changed: () => void = () => {};

  constructor(pool: string, taskId: string, form: 'socket' | 'sse') {
    this.#pool = pool;
    this.#taskId = taskId;
    this.#form = form;
    void this.#follow();
  }

  /** It comes back no more. */
  close(): void {
    this.#closed = true;
  }

  get ended(): boolean {
    const last = this.entries.at(-1);
    return last !== undefined && isTerminalEntry(last);
  }

  /** `queued`, `one` …: entries in short. */
  get story(): string[] {
    return this.entries.map((entry) => {
      if ('gap' in entry) return 'gap';
      return 'status' in entry ? entry.status : (entry.event.content ?? '');
    });
  }

  /** The test's own time limit ends it. */
  async until(condition: (follower: Follower) => boolean): Promise<void> {
    while (!condition(this)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  async #follow(): Promise<void> {
    while (!this.ended && !this.#closed) {
      if (this.#form === 'socket') await this.#bySocket();
      else await this.#bySse();
    }
  }

  #take(text: string): void {
    this.entries.push(logEntrySchema.parse(JSON.parse(text)));
    this.#changed();
  }

  #path(): string {
    const last = this.entries.at(-1);
    return `/api/tasks/${this.#taskId}/events?after=${last !== undefined && 'seq' in last ? last.seq : 0}`;
  }

  async #bySocket(): Promise<void> {
    const headers = { upgrade: 'websocket', ...(await authorization(this.#pool)) };
    const { webSocket } = await SELF.fetch(`https://gateway.test${this.#path()}`, { headers });
    if (webSocket === null) return;
    const closed = new Promise<void>((resolve) => {
      webSocket.addEventListener('message', ({ data }) => this.#take(String(data)));
      webSocket.addEventListener('close', () => resolve());
    });
    webSocket.accept();
    await closed;
  }

  async #bySse(): Promise<void> {
    const headers = { accept: 'text/event-stream', ...(await authorization(this.#pool)) };
    const { body } = await SELF.fetch(`https://gateway.test${this.#path()}`, { headers });
    let rest = '';
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = `${rest}${chunk}`.split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = block.split('\n').find((line) => line.startsWith('data: '));
        if (data !== undefined) this.#take(data.slice('data: '.length));
      }
    }
  }
}
