import { type Decoded, decodeFrame } from './codec.ts';
import { DOWN_TYPES, type Down, downSchemaFor } from './down.ts';

export function decodeDown(text: string): Decoded<Down> {
  return decodeFrame(downSchemaFor, DOWN_TYPES, text);
}
