/** Pure: no clock, no randomness, no I/O. What the host's owner says of an agent's question. */
import { z } from 'zod';
import type { ApprovalAction, Permissions } from '../../shared/approval.ts';
import { matchesGlob } from './glob.ts';

const globSchema = z.string().min(1, 'must not be empty');

/** One rule of the owner's. What it does not name it does not look at; `*` stands for any part. */
export const permissionRuleSchema = z.strictObject({
  /** The agent's name for the kind of thing, such as `bash` or `Write`; case is ignored. */
  tool: globSchema.optional(),
  /** The whole command. */
  command: globSchema.optional(),
  /** An absolute path. */
  path: globSchema.optional(),
  decision: z.enum(['allow', 'deny', 'ask']),
});
export type PermissionRule = z.infer<typeof permissionRuleSchema>;

/** By these a shell makes more of a command than its beginning says. */
const SHELL_SYNTAX = /[;&|<>$`\\\n\r(){}]/;

/** What forbids is met by one path of several; what allows, by all of them and by no path in doubt. */
function meetsPath(pattern: string, paths: readonly string[], decision: PermissionRule['decision']): boolean {
  const matches = (path: string) => matchesGlob(pattern, path);
  if (decision !== 'allow') return paths.some(matches);
  return paths.length > 0 && paths.every((path) => matches(path) && !path.split('/').includes('..'));
}

function meetsCommand(pattern: string, command: string | undefined, decision: PermissionRule['decision']): boolean {
  if (command === undefined || !matchesGlob(pattern, command)) return false;
  return decision !== 'allow' || command === pattern || !SHELL_SYNTAX.test(command);
}

function meets(rule: PermissionRule, action: ApprovalAction): boolean {
  const { tool, command, path, decision } = rule;
  if (tool !== undefined && !matchesGlob(tool.toLowerCase(), action.tool.toLowerCase())) return false;
  if (command !== undefined && !meetsCommand(command, action.command, decision)) return false;
  return path === undefined || meetsPath(path, action.paths ?? [], decision);
}

/** The first rule that the action meets decides; without one, what the task asks for. */
export function permissionFor(
  rules: readonly PermissionRule[],
  wish: Permissions,
  action: ApprovalAction,
): PermissionRule['decision'] {
  const rule = rules.find((candidate) => meets(candidate, action));
  return rule?.decision ?? (wish === 'auto' ? 'allow' : wish);
}
