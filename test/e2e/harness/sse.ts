import { createParser } from 'eventsource-parser';
import { Inbox } from './inbox.ts';
import { within } from './wait.ts';
import { type Entry, entrySchema } from './wire.ts';

/** One message of the stream. */
export interface SseMessage {
  id: string | undefined;
  event: string | undefined;
  entry: Entry;
}

export interface SseStream {
  status: number;
  contentType: string;
  messages: Inbox<SseMessage>;
  /** Resolves when the server ends the stream, with everything that it said; rejects when it breaks, or at the deadline. */
  rest(deadlineMs?: number): Promise<SseMessage[]>;
  close(): void;
}

async function pump(response: Response, messages: Inbox<SseMessage>): Promise<void> {
  const parser = createParser({
    onEvent: ({ id, event, data }) => messages.push({ id, event, entry: entrySchema.parse(JSON.parse(data)) }),
  });
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) parser.feed(decoder.decode(chunk, { stream: true }));
}

export async function openSse(url: string, headers: Record<string, string>): Promise<SseStream> {
  const abort = new AbortController();
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', connection: 'close', ...headers },
    signal: abort.signal,
  });
  const messages = new Inbox<SseMessage>();
  const ended = pump(response, messages).then(
    () => messages.end('the stream has ended'),
    (error: unknown) => {
      messages.end(`the stream broke: ${error}`);
      if (!abort.signal.aborted) throw error;
    },
  );
  ended.catch(() => undefined);
  return {
    status: response.status,
    contentType: response.headers.get('content-type') ?? '',
    messages,
    rest: (deadlineMs) => within('end of the event stream', ended, deadlineMs).then(() => messages.all),
    close: () => abort.abort(),
  };
}
