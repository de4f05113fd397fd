import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installedVersion } from '../../../../gateway/agents/installed-version.ts';
import { findAgents } from '../../../../gateway/agents/known-agents.ts';

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'gateway-test-'));
  mkdirSync(join(base, 'bin'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

/** A package of npm with one executable, and what npm links on `PATH` for it. */
function install(executable: string, name: string, version: string): string {
  const directory = join(base, 'node_modules', name);
  const file = join(directory, 'bin', 'cli.js');
  const link = join(base, 'bin', executable);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ name, version }));
  writeFileSync(file, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  symlinkSync(file, link);
  return link;
}

const found = () => findAgents(join(base, 'bin'));

describe('agents on PATH', () => {
  it('are spoken to where their version can be, else given one prompt', async () => {
    const opencode = install('opencode', 'opencode-ai', '1.18.0');
    const claude = install('claude', '@anthropic-ai/claude-code', '2.0.76');
    expect(await found()).toEqual({
      opencode: { spec: { protocol: 'acp', command: [opencode, 'acp'] }, version: '1.18.0' },
      'claude-code': { spec: { protocol: 'claude', command: [claude] }, version: '2.0.76' },
    });
  });

  it('Claude Code from 2.1 on is a conversation, OpenCode before 1.18 is none', async () => {
    const opencode = install('opencode', 'opencode-ai', '1.17.99');
    const claude = install('claude', '@anthropic-ai/claude-code', '2.1.0-beta.1');
    expect(await found()).toEqual({
      opencode: { spec: { protocol: 'opencode', command: [opencode] }, version: '1.17.99' },
      'claude-code': { spec: { protocol: 'claude-stream', command: [claude] }, version: '2.1.0' },
    });
  });

  it('are given one prompt where it makes no difference, or another package has the name', async () => {
    const gemini = install('gemini', '@google/gemini-cli', '9.0.0');
    const codex = install('codex', '@openai/codex', '9.0.0');
    const opencode = install('opencode', 'my-opencode', '9.0.0');
    expect(await found()).toEqual({
      gemini: { spec: { protocol: 'gemini', command: [gemini] }, version: null },
      codex: { spec: { protocol: 'codex', command: [codex] }, version: null },
      opencode: { spec: { protocol: 'opencode', command: [opencode] }, version: null },
    });
  });

  it('a script of that name is never started to ask for its version', async () => {
    const trace = join(base, 'started');
    const script = join(base, 'bin', 'opencode');
    writeFileSync(script, `#!/bin/sh\ntouch '${trace}'\necho 1.18.0\n`, { mode: 0o755 });
    expect(await found()).toEqual({ opencode: { spec: { protocol: 'opencode', command: [script] }, version: null } });
    expect(existsSync(trace)).toBe(false);
  });
});

describe('the version of a native program', () => {
  const versionOf = (path: string) => installedVersion([path], /^nothing$/, '');

  it('is what it answers', async () => {
    const path = join(base, 'bin', 'node');
    copyFileSync(process.execPath, path);
    const before = readdirSync(tmpdir());
    expect(await versionOf(path)).toBe(process.versions.node);
    expect(
      readdirSync(tmpdir()).filter((name) => !before.includes(name) && name.startsWith('agent-gateway-version-')),
    ).toEqual([]);
  });

  it('is not known of one that knows no such flag, that cannot run or that is gone', async () => {
    const broken = join(base, 'bin', 'broken');
    writeFileSync(broken, '\x7fELF and no more', { mode: 0o755 });
    expect(await versionOf(broken)).toBeNull();
    expect(await versionOf('/usr/bin/false')).toBeNull();
    const unreadable = join(base, 'bin', 'unreadable');
    writeFileSync(unreadable, '', { mode: 0o111 });
    expect(await versionOf(unreadable)).toBeNull();
    expect(await versionOf(join(base, 'nowhere'))).toBeNull();
  });
});
