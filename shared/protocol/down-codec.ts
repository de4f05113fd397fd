import { type Decoded, decodeFrame } from './codec.ts';
import { type Down, downSchemaFor } from './down.ts';

const DOWN_TYPES = new Set([
  'registered',
  'ping',
  'heartbeat:ok',
  'task:execute',
  'task:abort',
  'task:input',
  'task:finish',
  'config:update',
  'task:ack',
  'task:settled',
  'approval:decided',
]);

export function decodeDown(text: string): Decoded<Down> {
  return decodeFrame(downSchemaFor, DOWN_TYPES, text);
}
