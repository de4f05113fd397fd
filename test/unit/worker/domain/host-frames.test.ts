import { expect, it } from 'vitest';
import { MAX_EVENT_BYTES } from '../../../../shared/limits.ts';
import { utf8Length } from '../../../../shared/utf8.ts';
import { readV1, readV2 } from '../../../../worker/domain/host-frames.ts';

const ROW = { taskId: 'task', attempt: 2, log: 'pool/day/0' };
const RUN = { taskId: 'task', attempt: 2 };
const EVENT = { type: 'log', content: 'x', timestamp: 1 } as const;

it('[C1] drops every task frame of a version-1 host about a task that is not its own', () => {
  for (const message of [
    { type: 'task:started', taskId: 'task', sessionId: '' },
    { type: 'task:event', taskId: 'task', event: EVENT },
    { type: 'task:completed', taskId: 'task', result: { success: true } },
    { type: 'task:failed', taskId: 'task', error: 'x' },
  ] as const) {
    expect(readV1(message, null, 10)).toMatchObject({ kind: 'stray', taskId: 'task' });
    expect(readV1(message, ROW, 10)).toMatchObject({ kind: 'job', job: { run: ROW } });
  }
});

it('[L2] answers version-2 frames of another attempt superseded, but passes their end on', () => {
  const other = { taskId: 'task', attempt: 1 };
  const superseded = { kind: 'superseded', run: other };
  expect(readV2({ type: 'task:started', ...other, sessionId: '' }, ROW, 10)).toEqual(superseded);
  expect(readV2({ type: 'task:events', ...other, seq: 1, events: [EVENT] }, ROW, 10)).toEqual(superseded);
  expect(readV2({ type: 'task:refused', ...other, reason: 'full', message: '' }, null, 10)).toEqual(superseded);
  expect(readV2({ type: 'input:ack', ...other, inputId: 'i' }, ROW, 10)).toEqual(superseded);
  expect(readV2({ type: 'task:completed', ...other, seq: 3, result: { success: true } }, ROW, 10)).toMatchObject({
    kind: 'job',
    job: { kind: 'ended', run: other, log: null, seq: 3 },
  });
});

it('takes version-2 frames of its own attempt', () => {
  expect(readV2({ type: 'task:events', ...RUN, seq: 4, events: [EVENT] }, ROW, 10)).toMatchObject({
    job: { kind: 'events', first: 4, events: [EVENT] },
  });
  const failed = { type: 'task:failed', ...RUN, seq: 4, code: 'timeout', error: 'x' } as const;
  expect(readV2(failed, ROW, 10)).toMatchObject({ job: { kind: 'ended', log: ROW.log, end: { code: 'timeout' } } });
});

it('cuts events beyond the limit, also those whose bytes are more than their letters', () => {
  for (const content of ['x'.repeat(MAX_EVENT_BYTES + 1), '€'.repeat(MAX_EVENT_BYTES / 3)]) {
    const event = { ...EVENT, content };
    const reading = readV1({ type: 'task:event', taskId: 'task', event }, ROW, content.length + 50);
    if (reading.kind !== 'job' || reading.job.kind !== 'events') throw new Error('not an events job');
    const [cut] = reading.job.events;
    expect(utf8Length(JSON.stringify(cut))).toBeLessThanOrEqual(MAX_EVENT_BYTES);
    expect(cut?.data).toMatchObject({ truncated: true });
  }
});

it('[C1] but hands on the end of such a task: it may be a late result', () => {
  const completed = { type: 'task:completed', taskId: 'task', result: { success: true } } as const;
  expect(readV1(completed, null, 10)).toMatchObject({ end: { kind: 'completed', result: { success: true } } });
  expect(readV1({ type: 'task:started', taskId: 'task', sessionId: '' }, null, 10)).toMatchObject({ end: null });
});
