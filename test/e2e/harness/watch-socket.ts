import { WebSocket } from 'ws';
import { within } from './wait.ts';
import { type Entry, entrySchema } from './wire.ts';

/** The whole log in the WebSocket form: every entry until the server closes, and the code it closes with. */
export async function watchBySocket(
  url: string,
  token: string,
  id: string,
  after = 0,
): Promise<{ entries: Entry[]; code: number }> {
  const entries: Entry[] = [];
  const options = { headers: { authorization: `Bearer ${token}` } };
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/api/tasks/${id}/events?after=${after}`, options);
  const closed = new Promise<number>((resolve, reject) => {
    socket.on('message', (data) => entries.push(entrySchema.parse(JSON.parse(String(data)))));
    socket.once('close', resolve);
    socket.once('error', reject);
  });
  return { code: await within(`close of the watcher of ${id}`, closed), entries };
}
