import type { PoolFigures } from '../rpc-figures.ts';

const PREFIX = 'agent_gateway_';

interface Metric {
  name: string;
  type: 'gauge' | 'counter';
  help: string;
  /** Labels come from closed lists: nothing in them needs an escape. */
  samples: { labels?: Readonly<Record<string, string>>; value: number }[];
}

/** One sample for each name, under this label. */
function by(label: string, values: Readonly<Record<string, number>>): Metric['samples'] {
  return Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

function metricsOf(figures: PoolFigures, now: number): Metric[] {
  const { tasks, oldestQueuedAt, pendingApprovals, hosts, slots, created, ended, failingDeliveries } = figures;
  const oldest = oldestQueuedAt === null ? 0 : Math.max(0, now - oldestQueuedAt) / 1000;
  const endings = ended.map(({ status, code, count }) => ({
    labels: { status, ...(code === null ? {} : { code }) },
    value: count,
  }));
  return [
    { name: 'tasks', type: 'gauge', help: 'Tasks that have not ended.', samples: by('status', tasks) },
    {
      name: 'longest_wait_seconds',
      type: 'gauge',
      help: 'For how long the task waits that waits longest for a host; 0 when none does.',
      samples: [{ value: oldest }],
    },
    {
      name: 'pending_approvals',
      type: 'gauge',
      help: 'Questions of agents that wait for an answer.',
      samples: [{ value: pendingApprovals }],
    },
    { name: 'hosts', type: 'gauge', help: 'Hosts of the pool.', samples: by('status', hosts) },
    { name: 'slots', type: 'gauge', help: 'Tasks that the hosts online can run.', samples: by('state', slots) },
    {
      name: 'failing_deliveries',
      type: 'gauge',
      help: 'Objects to which the last delivery failed.',
      samples: [{ value: failingDeliveries }],
    },
    { name: 'tasks_created_total', type: 'counter', help: 'Tasks created.', samples: [{ value: created }] },
    { name: 'tasks_ended_total', type: 'counter', help: 'Tasks ended, by how.', samples: endings },
  ];
}

/** A pool's figures in the text format of Prometheus, version 0.0.4. */
export function metricsText(figures: PoolFigures, now: number): string {
  return metricsOf(figures, now)
    .flatMap(({ name, type, help, samples }) => [
      `# HELP ${PREFIX}${name} ${help}`,
      `# TYPE ${PREFIX}${name} ${type}`,
      ...samples.map(({ labels, value }) => `${PREFIX}${name}${labelText(labels)} ${value}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function labelText(labels: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
