import { describe, expect, test } from 'vitest';
import { type Candidate, type Demand, demandKey, pickHost, waitingFor } from '../../../../worker/domain/placement.ts';
import type { PoolHost } from '../../../../worker/domain/pool-host.ts';

const NOW = 1_000;

function host(
  hostId: string,
  given: Partial<PoolHost> & { max?: number; labels?: Record<string, string> } = {},
): PoolHost {
  const { max = 2, labels, ...rest } = given;
  return {
    hostId,
    epoch: 1,
    online: true,
    protocol: 2,
    features: [],
    withoutInput: [],
    capabilities: {
      name: hostId,
      agents: ['opencode'],
      maxConcurrent: max,
      cwd: '/w',
      ...(labels === undefined ? {} : { labels }),
    },
    ip: '127.0.0.1',
    connectedAt: 0,
    lastSeen: 0,
    ...rest,
  };
}

function on(given: PoolHost, active = 0): Candidate {
  return { host: given, active };
}

const demand: Demand = { agentType: 'opencode' };

function refusal(epoch: number): { epoch: number; words: string } {
  return { epoch, words: 'directory: not allowed' };
}

const able = host('a', { features: ['sessions'] });
const followUp: Demand = { ...demand, wantedHost: 'a', resumeSession: 'ses_1' };

describe('pickHost', () => {
  test.each<[string, Candidate[], Demand, string | null]>([
    ['the least loaded by share of its slots', [on(host('a'), 1), on(host('b', { max: 4 }), 1)], demand, 'b'],
    ['the one with more slots free at the same share', [on(host('a')), on(host('b', { max: 4 }))], demand, 'b'],
    ['the first by id when nothing else tells them apart', [on(host('b')), on(host('a'))], demand, 'a'],
    ['nobody that is full', [on(host('a'), 2)], demand, null],
    ['nobody that is offline', [on(host('a', { online: false }))], demand, null],
    ['[R2] nobody that is suspect', [on(host('a', { suspectAt: 1 }))], demand, null],
    ['[R3] nobody that said full, for a while', [on(host('a', { heldUntil: NOW + 1 }))], demand, null],
    ['[R3] who said full a while ago', [on(host('a', { heldUntil: NOW }))], demand, 'a'],
    ['[R3] nobody that refused it for good', [on(host('a'))], { ...demand, refusals: { a: refusal(1) } }, null],
    [
      '[R3] who has registered anew since it refused',
      [on(host('a', { epoch: 2 }))],
      { ...demand, refusals: { a: refusal(1) } },
      'a',
    ],
    ['who has the agent in another spelling', [on(host('a'))], { agentType: 'Open-Code' }, 'a'],
    ['nobody without the agent', [on(host('a'))], { agentType: 'claude-code' }, null],
    [
      'nobody without the labels',
      [on(host('a', { labels: { os: 'mac' } }))],
      { ...demand, labels: { os: 'linux' } },
      null,
    ],
    [
      'who has the labels and others',
      [on(host('a', { labels: { os: 'linux', gpu: '1' } }))],
      { ...demand, labels: { os: 'linux' } },
      'a',
    ],
    ['the host that was asked for', [on(host('a')), on(host('b'), 1)], { ...demand, wantedHost: 'b' }, 'b'],
    ['nobody without a feature that it needs', [on(host('a'))], { ...demand, idleTimeout: 1000 }, null],
    [
      'who has announced the feature',
      [on(host('a')), on(host('b', { features: ['idle_timeout'] }), 1)],
      { ...demand, idleTimeout: 1000 },
      'b',
    ],
    ['[R17] nobody where another task is in its session', [{ ...on(able), sessionBusy: true }], followUp, null],
    ['[R17] the host of its session when that is free', [{ ...on(able), sessionBusy: false }], followUp, 'a'],
    [
      '[L8] another than the one that was lost with it',
      [on(host('a')), on(host('b'), 1)],
      { ...demand, avoid: 'a' },
      'b',
    ],
    ['[L8] even that one, for want of another', [on(host('a'))], { ...demand, avoid: 'a' }, 'a'],
    [
      '[L7] the host whose last slot its own old run may hold',
      [on(host('a', { max: 1 }), 1)],
      { ...demand, hostId: 'a' },
      'a',
    ],
  ])('takes %s', (_title, candidates, wanted, expected) => {
    expect(pickHost(candidates, wanted, NOW)?.hostId ?? null).toBe(expected);
  });
});

describe('waitingFor', () => {
  test.each<[string, Candidate[], Demand]>([
    ['no_host_online', [], demand],
    ['no_host_online', [on(host('a', { online: false }))], demand],
    ['unknown_host', [on(host('a'))], { ...demand, wantedHost: 'z' }],
    ['host_offline', [on(host('a', { online: false }))], { ...demand, wantedHost: 'a' }],
    ['no_host_with_agent', [on(host('a'))], { agentType: 'gemini' }],
    ['no_host_with_labels', [on(host('a'))], { ...demand, labels: { os: 'linux' } }],
    ['no_host_with_features', [on(host('a'))], { ...demand, idleTimeout: 1000 }],
    ['session_busy', [{ ...on(able), sessionBusy: true }], followUp],
    ['refused_by_hosts', [on(host('a'))], { ...demand, refusals: { a: refusal(1) } }],
    ['all_hosts_busy', [on(host('a'), 2)], demand],
  ])('says %s', (reason, candidates, wanted) => {
    const waiting = waitingFor(candidates, wanted);
    expect(waiting?.reason).toBe(reason);
    expect(waiting?.message).not.toBe('');
  });

  test('nothing when a host is free for it', () => {
    expect(waitingFor([on(host('a'), 2), on(host('b'), 1)], demand)).toBe(null);
  });

  test('names a few of a thousand busy hosts', () => {
    const hosts = Array.from({ length: 1000 }, (_, index) => on(host(`host-${index}`), 2));
    expect(waitingFor(hosts, demand)?.message).toContain('host-4 2/2, and 995 more');
  });
});

test('[R3] a refusal that is over waits in another line than one that holds', () => {
  const held = demandKey({ ...demand, refusals: { a: refusal(2) } });
  expect(demandKey({ ...demand, refusals: { a: refusal(1) } })).not.toBe(held);
});

test('demands that differ only in the order of labels wait in one line', () => {
  const a = demandKey({ ...demand, labels: { x: '1', y: '2' } });
  expect(demandKey({ ...demand, labels: { y: '2', x: '1' } })).toBe(a);
  expect(demandKey({ ...demand, labels: { y: '2' } })).not.toBe(a);
});

test('a task that needs a feature waits in another line, for whatever value of it in the same', () => {
  const needy = demandKey({ ...demand, idleTimeout: 1000 });
  expect(needy).not.toBe(demandKey(demand));
  expect(demandKey({ ...demand, idleTimeout: 2000 })).toBe(needy);
});
