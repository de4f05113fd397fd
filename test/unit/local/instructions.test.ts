import { describe, expect, test } from 'vitest';
import { instructions } from '../../../local/instructions.ts';

function textFor(agents: string[]): string {
  const capabilities = { name: 'here', agents, maxConcurrent: 2, cwd: '/home/me/work' };
  const times = { lastHeartbeat: 1, connectedAt: 1 };
  return instructions('http://127.0.0.1:1', '/token', {
    hostId: 'here',
    name: 'here',
    status: 'online',
    capabilities,
    activeTasks: [],
    ...times,
  });
}

describe('what npm start says [C4]', () => {
  test('the address, what is offered and where it runs, and how to post and follow a task', () => {
    const text = textFor(['opencode', 'other']);
    expect(text).toContain('It offers: opencode, other; tasks run in /home/me/work.');
    expect(text).toContain(`-d '{"prompt":"Say hello"}'`);
    expect(text).toContain('http://127.0.0.1:1/api/tasks/<id>/events');
  });

  test('names the agent where OpenCode is not among them', () => {
    expect(textFor(['other'])).toContain('"agentType":"other"');
  });

  test('says plainly when there is none', () => {
    expect(textFor([])).toContain('no agent, so tasks wait');
  });
});
