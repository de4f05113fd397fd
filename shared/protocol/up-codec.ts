import { type Decoded, decodeFrame } from './codec.ts';
import { type Register, registerSchemaFor } from './register.ts';
import { type UpV1, type UpV2, upV1Schema, upV2Schema } from './up.ts';

const REGISTER_TYPES = new Set(['register']);
const V1_TYPES = new Set(['heartbeat', 'task:started', 'task:event', 'task:completed', 'task:failed']);
const V2_TYPES = new Set([
  'heartbeat',
  'task:started',
  'task:events',
  'task:completed',
  'task:failed',
  'task:refused',
  'input:ack',
]);

/** The first frame of a connection; anything but `register` is `ignored`. */
export function decodeRegister(text: string): Decoded<Register> {
  return decodeFrame(registerSchemaFor, REGISTER_TYPES, text);
}

export function decodeUpV1(text: string): Decoded<UpV1> {
  return decodeFrame(() => upV1Schema, V1_TYPES, text);
}

export function decodeUpV2(text: string): Decoded<UpV2> {
  return decodeFrame(() => upV2Schema, V2_TYPES, text);
}
