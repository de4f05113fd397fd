import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeEventLine } from '../../../../gateway/runs/event-line.ts';
import { EventReader, eachEvent, type ReadEvent } from '../../../../gateway/runs/event-reader.ts';
import type { AgentEvent } from '../../../../shared/event.ts';

const directory = mkdtempSync(join(tmpdir(), 'gateway-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let files = 0;
function file(content: string | Buffer): string {
  files += 1;
  const path = join(directory, `events-${files}.jsonl`);
  writeFileSync(path, content);
  return path;
}

const event = (n: number, content = `event ${n}`): AgentEvent => ({ type: 'log', content, timestamp: n });
const linesTo = (count: number) =>
  Array.from({ length: count }, (_, index) => encodeEventLine(index + 1, event(index + 1)));
const isLost = ({ event: { data } }: ReadEvent) =>
  typeof data === 'object' && data !== null && 'lost' in data && data.lost === true;

async function readAll(path: string, after = 0, lastSeq?: number): Promise<ReadEvent[]> {
  const reader = new EventReader(path, after);
  const all: ReadEvent[] = [];
  for (;;) {
    const page = await reader.next({ maxEvents: 3, maxBytes: 200, ...(lastSeq === undefined ? {} : { lastSeq }) });
    if (page.length === 0) break;
    all.push(...page);
  }
  await reader.close();
  return all;
}

const numbers = (events: ReadEvent[]) => events.map(({ n }) => n);
const range = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);

describe('[L3] reading events', () => {
  it('a file torn at any byte gives every whole event before the tear, and the rest once it is there', async () => {
    const lines = linesTo(6).map((line, index) => (index === 3 ? encodeEventLine(4, event(4, 'grüße 😀\n')) : line));
    const whole = Buffer.from(lines.join(''));
    const ends = lines.map((_, index) => Buffer.byteLength(lines.slice(0, index + 1).join('')));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: whole.length }), async (cut) => {
        const path = file(whole.subarray(0, cut));
        const there = ends.filter((end) => end <= cut).length;
        const reader = new EventReader(path, 0);
        const first = await reader.next({ maxEvents: 100, maxBytes: 1_000_000 });
        expect(numbers(first)).toEqual(range(1, there));
        await appendFile(path, whole.subarray(cut));
        const rest = await reader.next({ maxEvents: 100, maxBytes: 1_000_000 });
        await reader.close();
        expect(numbers(rest)).toEqual(range(there + 1, 6));
        expect([...first, ...rest].some(isLost)).toBe(false);
      }),
    );
  });

  it('any damage leaves the numbers without a hole and undamaged events as they were', async () => {
    const count = 8;
    const damage = fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255) }), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(count), async (hits, after) => {
        const lines = linesTo(count);
        const bytes = Buffer.from(lines.join(''));
        for (const hit of hits) bytes[Math.floor(hit.at * (bytes.length - 1))] = hit.byte;
        const events = await readAll(file(bytes), after, count);
        expect(numbers(events)).toEqual(range(after + 1, count));
        for (const read of events.filter((candidate) => !isLost(candidate))) expect(read.event).toEqual(event(read.n));
      }),
    );
  });

  it('a corrupt line before a good one is one log event in its place; at the end it is not there yet', async () => {
    const lines = linesTo(4);
    lines[1] = '00000000 {"n":2,"event":{}}\n';
    const path = file(lines.join(''));
    const events = await readAll(path);
    expect(numbers(events)).toEqual([1, 2, 3, 4]);
    expect(events.filter(isLost).map(({ n }) => n)).toEqual([2]);
    lines[3] = 'garbage\n';
    expect(numbers(await readAll(file(lines.join(''))))).toEqual([1, 2, 3]);
    const seen: AgentEvent[] = [];
    expect(await eachEvent(file(lines.join('')), (each) => seen.push(each))).toBe(3);
    expect(seen).toHaveLength(3);
  });

  it('what the result promises is given even if the file lacks it, and nothing beyond', async () => {
    const path = file(linesTo(4).join(''));
    expect(numbers(await readAll(path, 0, 6))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(numbers(await readAll(path, 0, 2))).toEqual([1, 2]);
    expect(await readAll(path, 0, 0)).toEqual([]);
  });

  it('goes on after any number, and keeps to the limits', async () => {
    const path = file(linesTo(50).join(''));
    expect(numbers(await readAll(path, 17))).toEqual(range(18, 50));
    const reader = new EventReader(path, 0);
    expect(numbers(await reader.next({ maxEvents: 5, maxBytes: 1_000_000 }))).toEqual(range(1, 5));
    expect(numbers(await reader.next({ maxEvents: 5, maxBytes: 1 }))).toEqual([6]);
    expect(reader.position).toBe(7);
    await reader.close();
  });

  it('a file that is not there yet is empty, and read once it is', async () => {
    const path = join(directory, 'later.jsonl');
    const reader = new EventReader(path, 0);
    expect(await reader.next({ maxEvents: 5, maxBytes: 1000 })).toEqual([]);
    writeFileSync(path, linesTo(1).join(''));
    expect(numbers(await reader.next({ maxEvents: 5, maxBytes: 1000 }))).toEqual([1]);
    await reader.close();
  });

  it('megabytes without a newline do not stop it', async () => {
    const [first = '', second = ''] = linesTo(2);
    const path = file(`${first}${'x'.repeat(3_000_000)}\n${second}`);
    expect(numbers(await readAll(path))).toEqual([1, 2]);
  });
});
