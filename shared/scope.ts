import { z } from 'zod';
import { hostIdSchema } from './ids.ts';
import { MAX_SCOPE_HOSTS } from './limits.ts';
import { labelsSchema } from './task.ts';

/** What a client token may be narrowed to: hosts by their ids, hosts by their labels, or both at once. */
export const scopeSchema = z.object({
  hosts: z.array(hostIdSchema).min(1).max(MAX_SCOPE_HOSTS).optional(),
  labels: labelsSchema.optional(),
});
export type Scope = z.infer<typeof scopeSchema>;

/** Whether this host is one of those; without a scope every host is. */
export function inScope(host: { hostId: string; labels: Readonly<Record<string, string>> }, scope?: Scope): boolean {
  if (scope === undefined) return true;
  if (scope.hosts !== undefined && !scope.hosts.includes(host.hostId)) return false;
  return Object.entries(scope.labels ?? {}).every(([name, value]) => host.labels[name] === value);
}
