/**
 * Pure: no clock, no randomness, no storage, no network. JSON-RPC 2.0 as the Agent Client Protocol speaks it: one JSON object a
 * line, both ways.
 */
import { z } from 'zod';
import { parseLine } from './agent-lines.ts';

const idSchema = z.union([z.string(), z.number(), z.null()]);
export type AcpId = z.infer<typeof idSchema>;

const errorSchema = z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() });
export type AcpError = z.infer<typeof errorSchema>;

const messageSchema = z.union([
  z.object({ id: idSchema, method: z.string(), params: z.unknown().optional() }).transform((request) => ({
    kind: 'request' as const,
    ...request,
  })),
  z
    .object({ id: z.undefined().optional(), method: z.string(), params: z.unknown().optional() })
    .transform(({ method, params }) => ({ kind: 'notification' as const, method, params })),
  z
    .object({ id: idSchema, method: z.undefined().optional(), error: errorSchema })
    .transform(({ id, error }) => ({ kind: 'refused' as const, id, error })),
  z
    .object({ id: idSchema, method: z.undefined().optional(), result: z.unknown() })
    .transform(({ id, result }) => ({ kind: 'answered' as const, id, result })),
]);
/** `answered` and `refused` are what the agent says to a request of ours. */
export type AcpMessage = z.output<typeof messageSchema>;

/** One line of the agent's stdout; null when it is no message. */
export function parseAcpLine(text: string): AcpMessage | null {
  return parseLine(messageSchema, text);
}

/** JSON-RPC's own code for a method that is not there. */
const METHOD_NOT_FOUND = -32601;

export function requestLine(id: number, method: string, params: unknown): string {
  return line({ id, method, params });
}

export function notificationLine(method: string, params: unknown): string {
  return line({ method, params });
}

export function resultLine(id: AcpId, result: unknown): string {
  return line({ id, result });
}

/** The answer to a request for what we do not offer. */
export function notOfferedLine(id: AcpId, method: string): string {
  return line({ id, error: { code: METHOD_NOT_FOUND, message: `${method} is not offered` } });
}

function line(message: object): string {
  return `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`;
}
