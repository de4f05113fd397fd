import { expect, it } from 'vitest';
import { metricsText } from '../../../../worker/http/metrics-text.ts';

const FIGURES = {
  tasks: { queued: 3, assigned: 1, running: 2 },
  oldestQueuedAt: 8_500,
  pendingApprovals: 1,
  hosts: { online: 1, busy: 2, offline: 4 },
  slots: { used: 3, free: 5 },
  created: 42,
  ended: [
    { status: 'completed', code: null, count: 30 },
    { status: 'failed', code: 'agent_failed', count: 6 },
  ] as const,
  failingDeliveries: 2,
};

it('[R32] every figure under its name, in the text format of Prometheus', () => {
  const text = metricsText({ ...FIGURES, ended: [...FIGURES.ended] }, 10_000);
  const lines = text.split('\n');
  expect(lines.at(-1)).toBe('');
  expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
    'agent_gateway_tasks{status="queued"} 3',
    'agent_gateway_tasks{status="assigned"} 1',
    'agent_gateway_tasks{status="running"} 2',
    'agent_gateway_longest_wait_seconds 1.5',
    'agent_gateway_pending_approvals 1',
    'agent_gateway_hosts{status="online"} 1',
    'agent_gateway_hosts{status="busy"} 2',
    'agent_gateway_hosts{status="offline"} 4',
    'agent_gateway_slots{state="used"} 3',
    'agent_gateway_slots{state="free"} 5',
    'agent_gateway_failing_deliveries 2',
    'agent_gateway_tasks_created_total 42',
    'agent_gateway_tasks_ended_total{status="completed"} 30',
    'agent_gateway_tasks_ended_total{status="failed",code="agent_failed"} 6',
  ]);
  const names = new Set(lines.flatMap((line) => /^# TYPE (\S+) (?:gauge|counter)$/.exec(line)?.[1] ?? []));
  for (const line of lines.filter((line) => line.startsWith('agent_'))) expect(names).toContain(/^\w+/.exec(line)?.[0]);
  expect(lines.filter((line) => line.startsWith('# HELP '))).toHaveLength(names.size);
});

it('[R32] nothing waits: no age', () => {
  expect(metricsText({ ...FIGURES, ended: [], oldestQueuedAt: null }, 10_000)).toContain(
    'agent_gateway_longest_wait_seconds 0\n',
  );
});
