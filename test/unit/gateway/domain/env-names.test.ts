import { describe, expect, test } from 'vitest';
import { agentEnvironment, taskMaySet } from '../../../../gateway/domain/env-names.ts';

describe('[L9] what a task may set by default', () => {
  const maySet = taskMaySet(null, ['MY_SECRET', 'AWS_*']);

  test.each([
    ...['PATH', 'HOME', 'XDG_CONFIG_HOME', 'TMPDIR', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'DYLD_INSERT_LIBRARIES'],
    ...['NODE_OPTIONS', 'GIT_SSH_COMMAND', 'GIT_DIR', 'BASH_ENV', 'ENV', 'ZDOTDIR', 'BASH_FUNC_ls'],
    ...['ANTHROPIC_BASE_URL', 'OPENAI_BASE_URL', 'http_proxy', 'HTTPS_PROXY', 'NO_PROXY', 'all_proxy'],
    ...['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NODE_EXTRA_CA_CERTS'],
    ...['CLAUDE_CONFIG_DIR', 'CLAUDE_CODE_SHELL_PREFIX', 'GEMINI_CLI_HOME', 'GEMINI_CLI_SYSTEM_SETTINGS_PATH'],
    ...['GEMINI_SANDBOX', 'CODEX_HOME', 'IS_SANDBOX', 'SANDBOX'],
    ...['MY_SECRET', 'AWS_PROFILE', 'GATEWAY_AUTH_TOKEN', 'AGENT_GATEWAY_RUN'],
  ])('not %s', (name) => expect(maySet(name)).toBe(false));

  test.each([
    'FOO',
    'MY_PATH',
    'ENVIRONMENT',
    'PATH_TO_IT',
    'OPENAI_API_KEY',
    'GEMINI_API_KEY',
    'DIGIT_COUNT',
    'BASE_URL',
    'CI',
  ])('%s', (name) => expect(maySet(name)).toBe(true));
});

test('[L9] a list of the owner replaces the default, but never opens what is the daemon’s own', () => {
  const maySet = taskMaySet(['PATH', 'MY_*', 'GATEWAY_*', 'AGENT_*'], []);
  expect(['PATH', 'MY_VALUE', 'OTHER'].map(maySet)).toEqual([true, true, false]);
  expect(['GATEWAY_AUTH_TOKEN', 'AGENT_GATEWAY_RUN', 'AGENT_NAME'].map(maySet)).toEqual([false, false, true]);
  expect(taskMaySet([], [])('ANYTHING')).toBe(false);
  expect(taskMaySet(['*'], [])('LD_PRELOAD')).toBe(true);
});

describe('[C5] an agent’s environment', () => {
  const host = {
    HOME: '/home/me',
    PATH: '/bin',
    LANG: 'C.UTF-8',
    LC_ALL: 'C',
    XDG_CONFIG_HOME: '/home/me/.config',
    TMPDIR: '/var/tmp',
    http_proxy: 'http://p:1',
    HTTPS_PROXY: 'http://p:2',
    NODE_EXTRA_CA_CERTS: '/ca.pem',
    SSL_CERT_FILE: '/ca.pem',
    OPENCODE_CONFIG: '/oc.json',
    ANTHROPIC_API_KEY: 'a',
    CLAUDE_CODE_X: 'c',
    GEMINI_API_KEY: 'g',
    GOOGLE_API_KEY: 'g',
    OPENAI_API_KEY: 'o',
    DISABLE_AUTOUPDATER: '1',
  };

  test('all that is promised, and CI, NO_COLOR and TERM', () => {
    expect(agentEnvironment(host, [], {})).toEqual({ ...host, CI: '1', NO_COLOR: '1', TERM: 'dumb' });
  });

  test('nothing else, least of all the gateway’s own', () => {
    const rest = {
      GATEWAY_AUTH_TOKEN: 't',
      GATEWAY_CWD: '/x',
      AGENT_GATEWAY_RUN: 'mark',
      AWS_SECRET_ACCESS_KEY: 's',
      SSH_AUTH_SOCK: '/s',
      TERM: 'xterm',
      LD_PRELOAD: '/l.so',
      NODE_OPTIONS: '--require x',
    };
    expect(Object.keys(agentEnvironment(rest, ['GATEWAY_*'], {})).sort()).toEqual(['CI', 'NO_COLOR', 'TERM']);
    expect(agentEnvironment(rest, [], {}).TERM).toBe('dumb');
  });

  test('names that are passed on, and the task’s own, win over the defaults', () => {
    const env = agentEnvironment({ TERM: 'vt100', AWS_REGION: 'eu', CI: 'false' }, ['TERM', 'AWS_*', 'CI'], {
      CI: 'maybe',
    });
    expect(env).toEqual({ TERM: 'vt100', AWS_REGION: 'eu', CI: 'maybe', NO_COLOR: '1' });
  });
});
