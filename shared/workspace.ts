import { z } from 'zod';
import { MAX_NAME_BYTES } from './limits.ts';
import { boundedString } from './utf8-schema.ts';

/** A commit, as git names it. It becomes an argument, so it may not look like a flag. */
const gitRefSchema = boundedString('MAX_NAME_BYTES', MAX_NAME_BYTES).regex(
  /^[A-Za-z0-9][\x21-\x7e]*$/,
  'must be the name of a commit: printable ASCII without spaces, beginning with a letter or digit',
);

/**
 * Where a task works: `direct`, the default, in its directory itself; `worktree` in a git work tree of its own, on a branch of its own that
 * begins at `base`, by default at what is checked out.
 */
export const workspaceSchema = z
  .strictObject({ mode: z.enum(['direct', 'worktree']), base: gitRefSchema.optional() })
  .refine(({ mode, base }) => mode === 'worktree' || base === undefined, {
    path: ['base'],
    message: 'is only for "mode": "worktree"',
  });

/** As a host is told of it. `name`: of the work tree that an earlier task made and this one goes on in. */
export const worktreeOrderSchema = z.object({
  mode: z.literal('worktree'),
  base: gitRefSchema.optional(),
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/)
    .optional(),
});
export type WorktreeOrder = z.infer<typeof worktreeOrderSchema>;

/** What a task leaves in its repository: a branch at a commit, and the commit from which it began. */
export const workspaceResultSchema = z.object({ branch: z.string(), commit: z.string(), base: z.string() });
export type WorkspaceResult = z.infer<typeof workspaceResultSchema>;
