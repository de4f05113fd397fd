/** What the model does in one turn, in no API's terms. */
export type Turn =
  | { kind: 'answer'; text: string; thought?: string }
  | { kind: 'tool'; tool: Tool; text?: string }
  | { kind: 'fail'; status: number }
  /** Answers never: the connection stays open until the client closes it. */
  | { kind: 'stall' };

/** A tool that every agent has, under a name of its own. */
export type Tool = { name: 'write'; path: string; content: string } | { name: 'shell'; command: string };

/** A turn that is streamed. */
export type Spoken = Extract<Turn, { kind: 'answer' | 'tool' }>;

/** Tokens that every turn is said to have taken; `cached` and `thought` are parts of the other two. */
export const TURN_TOKENS = { input: 100, cached: 5, output: 20, thought: 8 };

/** What the tests read of an agent's request to its model. */
export interface ModelRequest {
  model: string;
  /** Text of the last user message, without what the agent adds to it. */
  prompt: string;
  /** How many tools the agent has run for that prompt. */
  toolResults: number;
  /** Names of the tools that it offers. */
  tools: string[];
}

/** One provider's API: which requests are its, what they say and how a turn is written. */
export interface Dialect {
  /** `url` with its query; for POST alone. */
  matches(url: string): boolean;
  /** Throws when the body has not the API's form. */
  read(body: unknown, url: string): ModelRequest;
  /** Events of the stream, ready to be sent; `id` is unique. */
  stream(turn: Spoken, request: ModelRequest, id: string): string[];
  /** The body of a refusal. */
  failure(status: number): unknown;
}

/** One server-sent event. */
export function sse(value: unknown, event?: string): string {
  const name = event === undefined ? '' : `event: ${event}\n`;
  return `${name}data: ${JSON.stringify(value)}\n\n`;
}
