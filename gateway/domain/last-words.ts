/** Pure: no clock, no randomness, no storage, no network. */
import type { AgentEvent } from '../../shared/event.ts';
import { MAX_OUTPUT_BYTES } from '../../shared/limits.ts';
import { field } from './agent-lines.ts';
import { Tail } from './tail.ts';

/** What a run has for output, by its events alone: what its agent said after the last tool; of a program that only prints, what it printed. */
export class LastWords {
  #said = new Tail(MAX_OUTPUT_BYTES);
  readonly #printed = new Tail(MAX_OUTPUT_BYTES);

  add({ type, content = '', data }: AgentEvent): void {
    if (type === 'message') this.#said.append(content);
    else if (type === 'tool_call') this.#said = new Tail(MAX_OUTPUT_BYTES);
    else if (type === 'log' && data === undefined) this.#printed.append(`${content}\n`);
    else if (type === 'log' && field(data, 'stream') === 'stdout') this.#printed.append(`${content}\n`);
  }

  get text(): string {
    return this.#said.text === '' ? this.#printed.text : this.#said.text;
  }
}
