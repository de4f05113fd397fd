import { expect, test } from 'vitest';
import { parseServerSettings } from '../../../../shared/settings.ts';
import { Admission } from '../../../../worker/domain/admission.ts';
import { hostDisconnected } from '../../../../worker/domain/commands/host-link.ts';
import { hostRegistered } from '../../../../worker/domain/commands/register.ts';
import { Pool } from '../../../../worker/domain/pool.ts';

const IP = '192.0.2.1';

function poolOf(MAX_HOSTS_PER_IP: number): Pool {
  return new Pool(parseServerSettings({ MAX_HOSTS_PER_IP }), { task: () => null, approval: () => null });
}

function connect(pool: Pool, hostId: string): void {
  const capabilities = { name: hostId, agents: [], maxConcurrent: 1, cwd: '/' };
  const host = {
    hostId,
    epoch: 1,
    capabilities,
    protocol: 1 as const,
    features: [],
    withoutInput: [],
    instance: undefined,
    ip: IP,
  };
  hostRegistered(pool, { ...host, connectedAt: 0, runs: null }, 0);
}

test('[C5] at most MAX_HOSTS_PER_IP hosts connect from one address; one that is connected may again', () => {
  const pool = poolOf(1);
  const admission = new Admission();
  expect(admission.admit(pool, 'a', IP, 0)).toBe(true);
  connect(pool, 'a');
  expect(admission.admit(pool, 'b', IP, 0)).toBe(false);
  expect(admission.admit(pool, 'b', '192.0.2.2', 0)).toBe(true);
  expect(admission.admit(pool, 'a', IP, 0)).toBe(true);
  hostDisconnected(pool, { hostId: 'a', epoch: 1 }, 20_000);
  expect(admission.admit(pool, 'c', IP, 20_000)).toBe(true);
});

test('[C5] many that knock at once do not all find room', () => {
  const pool = poolOf(2);
  const admission = new Admission();
  const answers = ['a', 'b', 'c', 'd'].map((hostId) => admission.admit(pool, hostId, IP, 0));
  expect(answers).toEqual([true, true, false, false]);
  expect(admission.admit(pool, 'a', IP, 0)).toBe(true);
});

test('[C5] who was let in and never registered does not keep others out', () => {
  const pool = poolOf(1);
  const admission = new Admission();
  admission.admit(pool, 'a', IP, 0);
  expect(admission.admit(pool, 'b', IP, 10_000)).toBe(true);
});

test('[C5] 0 switches the limit off', () => {
  const admission = new Admission();
  const pool = poolOf(0);
  for (let count = 0; count < 100; count += 1) expect(admission.admit(pool, `h${count}`, IP, 0)).toBe(true);
});

test('[C5] who has left again makes room at once', () => {
  const pool = poolOf(1);
  const admission = new Admission();
  expect(admission.admit(pool, 'a', IP, 0)).toBe(true);
  connect(pool, 'a');
  admission.registered('a');
  hostDisconnected(pool, { hostId: 'a', epoch: 1 }, 1);
  expect(admission.admit(pool, 'b', IP, 1)).toBe(true);
});
