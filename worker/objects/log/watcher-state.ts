import { z } from 'zod';
import { taskIdSchema } from '../../../shared/ids.ts';

/** All that a watcher's socket needs to survive hibernation. */
const watcherStateSchema = z.strictObject({
  taskId: taskIdSchema,
  /** `seq` of the last entry sent, or the `after` that the watcher asked for. */
  after: z.int().min(0),
});
export type WatcherState = z.infer<typeof watcherStateSchema>;

/** Throws when the attachment is none of ours. */
export function watcherState(socket: WebSocket): WatcherState {
  return watcherStateSchema.parse(socket.deserializeAttachment());
}

export function setWatcherState(socket: WebSocket, state: WatcherState): void {
  socket.serializeAttachment(state);
}
