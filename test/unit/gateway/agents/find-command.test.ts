import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCommand, resolveAgent } from '../../../../gateway/agents/find-command.ts';

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

describe('commands on PATH', () => {
  it('are absolute paths; what cannot be executed is passed over', async () => {
    expect(await findCommand('opencode', both())).toEqual([join(base, 'second', 'opencode')]);
    expect(await findCommand('opencode', join(base, 'first'))).toBeNull();
    expect(await findCommand('opencode', '')).toBeNull();
  });

  it('a directory is no program, a path is taken as it is', async () => {
    expect(await findCommand('directory', both())).toBeNull();
    expect(await findCommand(join(base, 'second', 'opencode'), '')).toEqual([join(base, 'second', 'opencode')]);
    expect(await findCommand(join(base, 'nowhere'), both())).toBeNull();
  });

  it('a configured agent keeps its arguments', async () => {
    const spec = { protocol: 'text', command: ['opencode', '--fast'], input: true } as const;
    expect(await resolveAgent({ ...spec, command: [...spec.command] }, both())).toEqual({
      ...spec,
      command: [join(base, 'second', 'opencode'), '--fast'],
    });
    expect(await resolveAgent({ ...spec, command: ['missing'] }, both())).toBeNull();
  });

  it('finds a command of Windows by its ending, and what a shim calls without a shell', async () => {
    const place = join(base, 'windows');
    mkdirSync(place);
    const file = (name: string, text = '') => writeFileSync(join(place, name), text, { mode: 0o755 });
    file('native.exe');
    file('script.cmd', '"%_prog%"  "%dp0%\\modules\\cli.js" %*\r\n');
    file('other.cmd', 'echo %1\r\n');
    const found = (name: string) => findCommand(name, place, '.EXE;.CMD');
    expect(await found('native')).toEqual([join(place, 'native.exe')]);
    expect(await found('script')).toEqual([process.execPath, join(place, 'modules/cli.js')]);
    expect(await found('other')).toBeNull();
    expect(await found('missing')).toBeNull();
  });
});
