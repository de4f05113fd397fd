import { Agent, request } from 'node:http';
import { WebSocket } from 'ws';
import { z } from 'zod';
import type { Target } from './target.ts';

const createdSchema = z.looseObject({ id: z.string() });

/** An HTTP client that keeps its connections: what a busy client of the API does. */
export class BenchClient {
  readonly #target: Target;
  readonly #token: string;
  readonly #agent = new Agent({ keepAlive: true });

  constructor(target: Target) {
    this.#target = target;
    this.#token = target.token('client', 'bench');
  }

  /** Creates a task and gives its id. */
  create(body: Record<string, unknown>): Promise<string> {
    const text = JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const call = request(
        `${this.#target.url}/api/tasks`,
        {
          method: 'POST',
          agent: this.#agent,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(text),
            authorization: `Bearer ${this.#token}`,
          },
        },
        (response) => {
          let answer = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            answer += chunk;
          });
          response.on('end', () => {
            if (response.statusCode === 201) resolve(createdSchema.parse(JSON.parse(answer)).id);
            else reject(new Error(`POST /api/tasks: ${response.statusCode} ${answer}`));
          });
        },
      );
      call.on('error', reject);
      call.end(text);
    });
  }

  /** Follows a task's log in the WebSocket form; `onEvent` gets every agent event with the moment of its arrival. */
  watch(taskId: string, onEvent: (content: string, at: number) => void): Promise<{ close(): void }> {
    const socket = new WebSocket(`${this.#target.url.replace(/^http/, 'ws')}/api/tasks/${taskId}/events`, {
      headers: { authorization: `Bearer ${this.#token}` },
      perMessageDeflate: false,
    });
    socket.on('message', (data) => {
      const at = performance.now();
      const entry = entrySchema.parse(JSON.parse(String(data)));
      if (entry.event !== undefined) onEvent(entry.event.content, at);
    });
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve({ close: () => socket.terminate() }));
      socket.once('error', reject);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

const entrySchema = z.looseObject({ event: z.looseObject({ content: z.string() }).optional() });
