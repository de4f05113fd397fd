import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAgents, findExecutable, resolveAgent } from '../../../../gateway/agents/registry.ts';

let base: string;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'gateway-test-'));
  for (const name of ['first', 'second', 'second/opencode.d']) mkdirSync(join(base, name));
  mkdirSync(join(base, 'first', 'directory'));
  writeFileSync(join(base, 'first', 'opencode'), 'not executable');
  writeFileSync(join(base, 'second', 'opencode'), '#!/bin/sh\n');
  chmodSync(join(base, 'first', 'opencode'), 0o600);
  chmodSync(join(base, 'second', 'opencode'), 0o700);
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

const both = () => `${join(base, 'first')}:${join(base, 'second')}`;

describe('agents on PATH', () => {
  it('are found as absolute paths; what cannot be executed is passed over', async () => {
    const opencode = join(base, 'second', 'opencode');
    expect(await findAgents(both())).toEqual({ opencode: { protocol: 'opencode', command: [opencode] } });
    expect(await findAgents(join(base, 'first'))).toEqual({});
    expect(await findAgents('')).toEqual({});
  });

  it('a directory is no program, a path is taken as it is', async () => {
    expect(await findExecutable('directory', both())).toBeNull();
    expect(await findExecutable(join(base, 'second', 'opencode'), '')).toBe(join(base, 'second', 'opencode'));
    expect(await findExecutable(join(base, 'nowhere'), both())).toBeNull();
  });

  it('a configured agent keeps its arguments', async () => {
    const spec = { protocol: 'text', command: ['opencode', '--fast'], input: true } as const;
    expect(await resolveAgent({ ...spec, command: [...spec.command] }, both())).toEqual({
      ...spec,
      command: [join(base, 'second', 'opencode'), '--fast'],
    });
    expect(await resolveAgent({ ...spec, command: ['missing'] }, both())).toBeNull();
  });
});
