import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { driverFor } from '../../../../gateway/agents/registry.ts';
import type { RunRequest } from '../../../../gateway/runs/files.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'gateway-test-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

type Protocol = 'claude' | 'gemini' | 'codex';

function planOf(protocol: Protocol, model?: string, env: Record<string, string> = {}, sessionId?: string) {
  const request: RunRequest = {
    taskId: 't',
    attempt: 1,
    task: { taskId: 't', prompt: '--help', cwd: '/', agentType: protocol, model, sessionId },
    agent: { protocol, command: ['/bin/agent', '--own'] },
    env: { HOME: home, TMPDIR: '/tmp', ...env },
    secretNames: [],
    wrap: null,
    rules: [],
    mark: 'm'.repeat(16),
    timeoutMs: 1000,
    spawnRetries: 0,
    createdAt: 0,
    bootId: 'b',
  };
  return driverFor(request, '/run/tmp').plan;
}

/** The words that let everything pass, the owner's file, where it is by another name, and what it may say. */
const AGENTS = [
  {
    protocol: 'claude' as const,
    approve: 'bypassPermissions',
    file: '.claude/settings.json',
    elsewhere: { name: 'CLAUDE_CONFIG_DIR', file: 'settings.json' },
    word: '{"permissions": {"defaultMode": "acceptEdits"}}',
  },
  {
    protocol: 'gemini' as const,
    approve: 'yolo',
    file: '.gemini/settings.json',
    elsewhere: { name: 'GEMINI_CLI_HOME', file: '.gemini/settings.json' },
    word: '{"general": {"defaultApprovalMode": "auto_edit"} /* mine */}',
  },
  {
    protocol: 'codex' as const,
    approve: '--dangerously-bypass-approvals-and-sandbox',
    file: '.codex/config.toml',
    elsewhere: { name: 'CODEX_HOME', file: 'config.toml' },
    word: 'model = "m"\nsandbox_mode = "workspace-write"\n',
  },
];

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

describe.each(AGENTS)('how $protocol is started', ({ protocol, approve, file, elsewhere, word }) => {
  it('[L9] the prompt is on stdin, then EOF, and nowhere else', () => {
    const { command, stdin, formatInput } = planOf(protocol);
    expect(stdin).toBe('--help');
    expect(formatInput).toBeNull();
    expect(command).not.toContain('--help');
    expect(command.slice(0, 2)).toEqual(['/bin/agent', '--own']);
  });

  it('[L9] a model is one word with its flag, whatever it is called', () => {
    expect(planOf(protocol, '--yolo').command).toContain('--model=--yolo');
    expect(planOf(protocol).command.some((word) => word.startsWith('--model'))).toBe(false);
  });

  it("[L9] lets everything pass only where the owner's own settings say nothing about it", () => {
    expect(planOf(protocol).command).toContain(approve);
    write(join(home, file), '{}');
    expect(planOf(protocol).command).toContain(approve);
    write(join(home, file), word);
    expect(planOf(protocol).command).not.toContain(approve);
    expect(planOf(protocol, undefined, { [elsewhere.name]: join(home, 'other') }).command).toContain(approve);
    write(join(home, 'other', elsewhere.file), word);
    rmSync(join(home, file));
    expect(planOf(protocol, undefined, { [elsewhere.name]: join(home, 'other') }).command).not.toContain(approve);
  });

  it('[L9] a settings file that cannot be read counts as the owner’s word', () => {
    mkdirSync(join(home, file), { recursive: true });
    expect(planOf(protocol).command).not.toContain(approve);
  });
});

describe('what else they are given', () => {
  it('a directory of the run for what they leave behind', () => {
    expect(planOf('claude')).toMatchObject({ temporary: '/run/tmp', env: { CLAUDE_CODE_TMPDIR: '/run/tmp' } });
    expect(planOf('gemini')).toMatchObject({ temporary: '/run/tmp', env: { TMPDIR: '/run/tmp' } });
  });

  it("the owner's own settings are kept", () => {
    expect(planOf('claude', undefined, { DISABLE_AUTOUPDATER: '0' }).env.DISABLE_AUTOUPDATER).toBe('0');
    expect(planOf('gemini', undefined, { GEMINI_CLI_NO_RELAUNCH: 'false' }).env.GEMINI_CLI_NO_RELAUNCH).toBe('false');
  });

  it('Claude Code runs as the superuser only when told that this is a sandbox', () => {
    expect(planOf('claude').env.IS_SANDBOX).toBe(process.getuid?.() === 0 ? '1' : undefined);
  });
});

describe('a session that is gone on with', () => {
  it.each([
    ['claude', ['--resume=s-1']],
    ['gemini', ['--resume=s-1']],
    ['codex', ['resume', 's-1', '-']],
  ] as const)('%s is told by its own flags, last of all', (protocol, words) => {
    expect(planOf(protocol, 'm', {}, 's-1').command.slice(-words.length)).toEqual(words);
    expect(planOf(protocol, 'm').command.join(' ')).not.toContain('resume');
  });
});
