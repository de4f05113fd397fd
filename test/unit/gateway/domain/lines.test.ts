import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutMarker, type LineState, lastLine, NO_LINE, splitLines } from '../../../../gateway/domain/lines.ts';

function split(chunks: string[], maxChars?: number): string[] {
  let state: LineState = NO_LINE;
  const lines: string[] = [];
  for (const chunk of chunks) {
    const step = splitLines(state, chunk, maxChars);
    state = step.state;
    lines.push(...step.lines);
  }
  return [...lines, ...lastLine(state, maxChars)];
}

describe('lines', () => {
  it('are the same however the text is cut into chunks', () => {
    const text = fc.array(fc.constantFrom('a', 'b', '\n', '\r', '😀', ' ')).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.array(fc.nat(30)), (whole, cuts) => {
        const places = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
        const chunks = places.map((place, index) => whole.slice(place, places[index + 1] ?? place));
        expect(split(chunks, 10)).toEqual(split([whole], 10));
      }),
    );
  });

  it('end at a newline, drop its carriage return, and need none at the end', () => {
    expect(split(['a\r\nb', '\n\nc'])).toEqual(['a', 'b', '', 'c']);
    expect(split(['a\n'])).toEqual(['a']);
  });

  it('are cut and marked when too long; the next one is whole', () => {
    expect(split(['abcdef', 'ghi\nxyz\n'], 4)).toEqual([`abcd${cutMarker(4)}`, 'xyz']);
    expect(split(['abcd\n'], 4)).toEqual(['abcd']);
  });
});
