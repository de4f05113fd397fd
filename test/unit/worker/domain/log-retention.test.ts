import { expect, it } from 'vitest';
import { decideRetention, RECHECK_MS, retentionMs } from '../../../../worker/domain/log-retention.ts';

const T0 = 1_767_225_600_000;
const KEEP = retentionMs(7);

it.each([
  ['nothing held', { tasks: 0, open: 0, lastTerminalAt: null }, { kind: 'idle' }],
  ['nothing ended', { tasks: 2, open: 2, lastTerminalAt: null }, { kind: 'check_at', at: T0 + RECHECK_MS }],
  ['one unfinished', { tasks: 2, open: 1, lastTerminalAt: 1 }, { kind: 'check_at', at: T0 + RECHECK_MS }],
  ['the last ended lately', { tasks: 2, open: 0, lastTerminalAt: T0 - 5 }, { kind: 'check_at', at: T0 - 5 + KEEP }],
  ['one ms too early', { tasks: 1, open: 0, lastTerminalAt: T0 - KEEP + 1 }, { kind: 'check_at', at: T0 + 1 }],
  ['all past retention', { tasks: 2, open: 0, lastTerminalAt: T0 - KEEP }, { kind: 'retire' }],
])('%s', (_title, summary, decision) => {
  expect(decideRetention(summary, KEEP, T0)).toEqual(decision);
});
