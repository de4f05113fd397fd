import { expect, test } from 'vitest';
import type { z } from 'zod';
import { downSchema } from '../../../../shared/protocol/down.ts';
import { decodeDown } from '../../../../shared/protocol/down-codec.ts';
import { HEARTBEAT_REQUEST, HEARTBEAT_RESPONSE } from '../../../../shared/protocol/heartbeat.ts';
import { upV1Schema, upV2Schema } from '../../../../shared/protocol/up.ts';
import { decodeUpV1, decodeUpV2 } from '../../../../shared/protocol/up-codec.ts';

function typesOf(options: readonly z.ZodObject<{ type: z.ZodLiteral }>[]): string[] {
  return options.flatMap((option) => [...option.shape.type.values].map(String));
}

const tables = [
  ['version 1 up', typesOf(upV1Schema.options), decodeUpV1],
  ['version 2 up', typesOf(upV2Schema.options), decodeUpV2],
  ['down', typesOf(downSchema.options[0].options), decodeDown],
] as const;

test.each(tables)('the %s decoder knows every type of its union', (_name, types, decode) => {
  expect(types.length).toBeGreaterThan(4);
  for (const type of types) expect(decode(JSON.stringify({ type })).kind, type).not.toBe('ignored');
});

test('the two heartbeat texts are messages of version 2, exactly as a writer would print them', () => {
  expect(decodeUpV2(HEARTBEAT_REQUEST)).toEqual({ kind: 'message', message: { type: 'heartbeat' } });
  expect(decodeDown(HEARTBEAT_RESPONSE)).toEqual({ kind: 'message', message: { type: 'heartbeat:ok' } });
  expect(JSON.stringify(JSON.parse(HEARTBEAT_REQUEST))).toBe(HEARTBEAT_REQUEST);
  expect(JSON.stringify(JSON.parse(HEARTBEAT_RESPONSE))).toBe(HEARTBEAT_RESPONSE);
});
