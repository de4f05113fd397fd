import { expect, test } from 'vitest';
import { agentOffered } from '../../../shared/agent-names.ts';

test.each([
  ['claudecode', 'claude-code'],
  ['Claude_Code', 'claude-code'],
  ['claude', 'claude-code'],
  ['gemini-cli', 'gemini'],
  ['OpenCode', 'opencode'],
  ['codex-cli', 'codex'],
  ['my-agent', 'my-agent'],
])('%s means %s', (wanted, name) => {
  expect(agentOffered(['opencode', 'claude-code', 'gemini', 'codex', 'my-agent'], wanted)).toBe(name);
});

test('the very name that a host offers goes before another spelling, and what is not known has none', () => {
  expect(agentOffered(['claude-code', 'claude'], 'claude')).toBe('claude');
  expect(agentOffered(['gemini-cli'], 'gemini')).toBe('gemini-cli');
  expect(agentOffered(['my-agent'], 'My-Agent')).toBeNull();
  expect(agentOffered([], 'opencode')).toBeNull();
});
