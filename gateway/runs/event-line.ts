import { crc32 } from 'node:zlib';
import type { AgentEvent } from '../../shared/event.ts';
import { parseJson } from './durable.ts';
import { type EventRecord, eventRecordSchema } from './files.ts';

/** The line of `events.jsonl` for event number `n`, newline included. */
export function encodeEventLine(n: number, event: AgentEvent): string {
  const json = JSON.stringify({ n, event });
  return `${checksum(json)} ${json}\n`;
}

/** Longer than any prefix up to the number, so that a line's number is found without parsing its body. */
const PREFIX_LENGTH = 40;
const LINE_PATTERN = /^([0-9a-f]{8}) (\{.*\})$/s;
const NUMBER_PATTERN = /^[0-9a-f]{8} \{"n":(\d{1,15}),/;

/** The record that a line (without its newline) holds; null when it is torn, corrupt or foreign. */
export function decodeEventLine(line: string): EventRecord | null {
  const [, sum, json] = LINE_PATTERN.exec(line) ?? [];
  if (sum === undefined || json === undefined || checksum(json) !== sum) return null;
  const record = eventRecordSchema.safeParse(parseJson(json));
  return record.success ? record.data : null;
}

/** The number that a line claims, its checksum unseen: for skipping cheaply. Null when it claims none. */
export function claimedNumber(line: string): number | null {
  const digits = NUMBER_PATTERN.exec(line.slice(0, PREFIX_LENGTH))?.[1];
  return digits === undefined ? null : Number(digits);
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}
