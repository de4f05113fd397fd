/**
 * Pure: no clock, no randomness, no storage, no network. What Claude Code says beside its messages with `--input-format stream-json`, as
 * version 2.1 does, and what it is told: one JSON object a line, both ways.
 */
import { z } from 'zod';
import { lenient } from './lenient.ts';

const toolRequest = z.object({
  subtype: z.literal('can_use_tool'),
  tool_name: z.string(),
  input: z.record(z.string(), z.unknown()),
  tool_use_id: lenient(z.string()),
  /** A path outside the directories that it may touch. */
  blocked_path: lenient(z.string()),
  /** What would let it do the like without asking. */
  permission_suggestions: lenient(z.array(z.looseObject({ type: z.string() }))),
});
export type ToolRequest = z.infer<typeof toolRequest>;

export const claudeControlSchema = z.union([
  z.object({
    type: z.literal('control_request'),
    request_id: z.string(),
    request: z.union([toolRequest, z.object({ subtype: z.string() })]),
  }),
  /** The answer to a request of ours. */
  z.object({ type: z.literal('control_response') }),
  /** A request of its own wants no answer any more. */
  z.object({ type: z.literal('control_cancel_request'), request_id: z.string() }),
  /** What becomes of a message of ours: `queued`, `started` when it is taken up, `completed`; or one of its ways to say no. */
  z.object({ type: z.literal('command_lifecycle'), command_uuid: z.string(), state: z.string() }),
]);
export type ClaudeControl = z.infer<typeof claudeControlSchema>;

/** One message of the user's; by `id`, a UUID, the agent tells when it takes it up. It skips one whose id the session knows. */
export function userLine(id: string, text: string): string {
  return line({ type: 'user', message: { role: 'user', content: [{ type: 'text', text }] }, uuid: id });
}

export function interruptLine(): string {
  return line({ type: 'control_request', request_id: 'interrupt', request: { subtype: 'interrupt' } });
}

/** Yes, as asked; and `always` the like, for this session. */
export function allowLine(id: string, { input, permission_suggestions = [] }: ToolRequest, always: boolean): string {
  // Its own suggestion may be to remember it in the settings of the directory, for other sessions too.
  const updatedPermissions = permission_suggestions.map((each) => ({ ...each, destination: 'session' }));
  return answerLine(id, { behavior: 'allow', updatedInput: input, ...(always ? { updatedPermissions } : {}) });
}

/** No; the agent is told and goes on. */
export function denyLine(id: string): string {
  return answerLine(id, {
    behavior: 'deny',
    message: 'Permission was refused. Go on without it, or say what is missing.',
  });
}

/** The answer to a request for what we do not offer. */
export function notOfferedLine(id: string, subtype: string): string {
  return line({
    type: 'control_response',
    response: { subtype: 'error', request_id: id, error: `${subtype} is not offered` },
  });
}

function answerLine(id: string, response: object): string {
  return line({ type: 'control_response', response: { subtype: 'success', request_id: id, response } });
}

function line(message: object): string {
  return `${JSON.stringify(message)}\n`;
}
