import type { Api } from '../e2e/harness/api.ts';
import { sleep } from '../e2e/harness/wait.ts';
import { TERMINAL } from '../e2e/harness/wire.ts';

/** ms before a broken stream is opened again, as a browser does. */
const REOPEN_MS = 200;
/** ms for which one stream may last. */
const LONGEST_MS = 30 * 60_000;

/** Follows a task's stream to its terminal entry, resuming after every break; the numbers of the entries that it saw. */
export async function followStream(api: Api, id: string): Promise<number[]> {
  const seen: number[] = [];
  for (;;) {
    const stream = await api.watch(id, { lastEventId: seen.at(-1) ?? 0 }).catch(() => null);
    if (stream?.status === 200) {
      await stream.rest(LONGEST_MS).catch(() => []);
      let ended = false;
      for (const { entry } of stream.messages.all) {
        seen.push(entry.seq);
        ended ||= 'status' in entry && TERMINAL.includes(entry.status);
      }
      if (ended) return seen;
    }
    await sleep(REOPEN_MS);
  }
}
