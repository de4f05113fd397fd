import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ControlLine } from '../../../../gateway/runs/files.ts';
import { followControl } from '../../../../gateway/supervisor/control.ts';
import { until } from '../../../support/runs.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gateway-test-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const input = (id: string, content = id): ControlLine => ({ kind: 'input', id, content });

describe('the control file', () => {
  it('tells each line once and in order, however it arrives, and skips what is none', async () => {
    let files = 0;
    const noise = fc.constantFrom('', '{"kind":"abort"', 'null', '{"kind":"input","id":1}', '😀');
    await fc.assert(
      fc.asyncProperty(fc.array(noise, { minLength: 4, maxLength: 4 }), fc.nat(200), async (garbage, cut) => {
        files += 1;
        const path = join(directory, `control-${files}`);
        const lines = ['a', 'b', 'b', 'ü😀'].map((id) => input(id));
        const text = Buffer.from(lines.map((line, index) => `${garbage[index]}\n${JSON.stringify(line)}\n`).join(''));
        await appendFile(path, text.subarray(0, cut));
        const told: ControlLine[] = [];
        const follower = await followControl(path, (line) => told.push(line));
        await follower.drain();
        await appendFile(path, text.subarray(cut));
        await follower.drain();
        await follower.close();
        expect(told).toEqual([input('a'), input('b'), input('ü😀')]);
      }),
      { numRuns: 50 },
    );
  });

  it('is followed without being asked', async () => {
    const path = join(directory, 'control');
    const told: ControlLine[] = [];
    const follower = await followControl(path, (line) => told.push(line));
    await appendFile(path, `${JSON.stringify(input('later'))}\n`);
    await until('the line', () => told.length === 1);
    await follower.close();
  });
});
