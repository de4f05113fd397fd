import { type FileHandle, open } from 'node:fs/promises';
import { parseJson } from '../runs/durable.ts';
import { type ControlLine, controlLineSchema } from '../runs/files.ts';
import { tryWatch } from '../runs/try-watch.ts';

/** How often the file is looked at where the system's notification fails; short, for an abort waits for it. */
const POLL_MS = 250;
const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 0x0a;

export interface ControlFollower {
  /** Reads what is there by now. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Calls `onLine` once for every line of `control.jsonl`, in order; lines already there come with the first `drain`. Corrupt
 * lines, and repeated ones of the same id, are skipped.
 */
export async function followControl(path: string, onLine: (line: ControlLine) => void): Promise<ControlFollower> {
  // Made here if need be: only an existing file can be watched.
  const handle = await open(path, 'a+', 0o600);
  const seen = new Set<string>();
  let offset = 0;
  let rest = Buffer.alloc(0);
  let queue = Promise.resolve();

  const take = (text: string) => {
    const line = controlLineSchema.safeParse(parseJson(text));
    if (!line.success || seen.has(line.data.id)) return;
    seen.add(line.data.id);
    onLine(line.data);
  };
  const read = async () => {
    for (let chunk = await readAt(handle, offset); chunk.length > 0; chunk = await readAt(handle, offset)) {
      offset += chunk.length;
      rest = Buffer.concat([rest, chunk]);
      for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
        take(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 1);
      }
    }
  };
  const drain = () => {
    // One reader at a time; a failed read is tried again with the next look.
    queue = queue.then(read).catch(() => {});
    return queue;
  };
  const watcher = tryWatch(path, () => void drain());
  const timer = setInterval(() => void drain(), POLL_MS);
  return {
    drain,
    async close() {
      clearInterval(timer);
      watcher?.close();
      await queue;
      await handle.close();
    },
  };
}

async function readAt(handle: FileHandle, offset: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, offset);
  return buffer.subarray(0, bytesRead);
}
