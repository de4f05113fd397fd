import { describe, expect, it } from 'vitest';
import { openCodeDriver, openCodeFlags } from '../../../../gateway/agents/opencode.ts';
import type { RunRequest } from '../../../../gateway/runs/files.ts';

const request: RunRequest = {
  taskId: 't',
  attempt: 1,
  task: { taskId: 't', prompt: '--help', cwd: '/', agentType: 'opencode', model: 'a/b' },
  agent: { protocol: 'opencode', command: ['/bin/opencode', '--pure'] },
  env: { HOME: '/root' },
  secretNames: [],
  wrap: null,
  rules: [],
  mark: 'm'.repeat(16),
  timeoutMs: 1000,
  spawnRetries: 0,
  createdAt: 0,
  bootId: 'b',
};

describe('how OpenCode is started', () => {
  it('[L9] the prompt is on stdin and nowhere else', () => {
    const { plan } = openCodeDriver(
      request,
      { protocol: 'opencode', command: ['/bin/opencode', '--pure'] },
      '/run/tmp',
    );
    expect(plan.stdin).toBe('--help');
    expect(plan.formatInput).toBeNull();
    expect(plan.command).not.toContain('--help');
    expect(plan.command.slice(0, 3)).toEqual(['/bin/opencode', '--pure', '--print-logs']);
    expect(plan.env).toEqual({ HOME: '/root', OPENCODE_DISABLE_AUTOUPDATE: '1', BUN_TMPDIR: '/run/tmp' });
    expect(plan.sharedData).toBe('/root/.local/share/opencode');
  });

  it('[L9] a model is one word with its flag, whatever it is called', () => {
    expect(openCodeFlags({ model: '--auto' }, { OPENCODE_PERMISSION: '{}' }, false)).toContain('--model=--auto');
    expect(openCodeFlags({}, {}, false).some((flag) => flag.startsWith('--model'))).toBe(false);
  });

  it('goes on with the session that the task names', () => {
    expect(openCodeFlags({ sessionId: 'ses_1' }, {}, false)).toContain('--session=ses_1');
    expect(openCodeFlags({}, {}, false).some((flag) => flag.startsWith('--session'))).toBe(false);
  });

  it('[L9] approves what would be asked only where the owner has said nothing about it', () => {
    expect(openCodeFlags({}, {}, false)).toContain('--auto');
    expect(openCodeFlags({}, {}, true)).not.toContain('--auto');
    for (const name of ['OPENCODE_PERMISSION', 'OPENCODE_CONFIG', 'OPENCODE_CONFIG_CONTENT', 'OPENCODE_CONFIG_DIR']) {
      expect(openCodeFlags({}, { [name]: '' }, false)).not.toContain('--auto');
    }
  });

  it("the owner's own settings are kept", () => {
    const own = { ...request, env: { OPENCODE_DISABLE_AUTOUPDATE: '0', XDG_DATA_HOME: '/data' } };
    const { plan } = openCodeDriver(own, { protocol: 'opencode', command: ['opencode'] }, '/run/tmp');
    expect(plan.env.OPENCODE_DISABLE_AUTOUPDATE).toBe('0');
    expect(plan.sharedData).toBe('/data/opencode');
  });

  it("the log names the session before the output does, and a subagent's session never", () => {
    const driver = openCodeDriver(request, { protocol: 'opencode', command: ['opencode'] }, '/run/tmp');
    expect(driver.sessionInLog('level=INFO message=created id=ses_1 x=y')).toBe('ses_1');
    driver.line('{"type":"step_start","sessionID":"ses_1"}', 1);
    expect(driver.sessionInLog('level=INFO message=created id=ses_2 x=y')).toBeNull();
  });
});
