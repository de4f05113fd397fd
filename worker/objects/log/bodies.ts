import { MAX_PAGE_BYTES } from '../../../shared/limits.ts';
import { utf8Length } from '../../../shared/utf8.ts';
import type { TaskBody } from '../../rpc.ts';

/** Bodies in the order asked for, up to `MAX_PAGE_BYTES` together and at least one; unknown tasks are left out. */
export function collectBodies(
  taskIds: readonly string[],
  find: (taskId: string) => TaskBody | null,
): Record<string, TaskBody> {
  const found: Record<string, TaskBody> = {};
  let bytes = 0;
  for (const taskId of taskIds) {
    const body = find(taskId);
    if (body === null) continue;
    const size = utf8Length(JSON.stringify(body));
    if (bytes > 0 && bytes + size > MAX_PAGE_BYTES) break;
    found[taskId] = body;
    bytes += size;
  }
  return found;
}
