import { expect, test } from 'vitest';
import { reconcile } from '../../../../gateway/domain/reconcile.ts';

const a = { ref: { taskId: 'a', attempt: 1 } };
const b = { ref: { taskId: 'b', attempt: 2 } };
const c = { ref: { taskId: 'c', attempt: 1 } };
const d = { ref: { taskId: 'd', attempt: 1 } };

test('[R4] each verdict becomes an action on its own attempt', () => {
  const actions = reconcile(
    [a, b, c, d],
    [
      { ...c.ref, verdict: 'settled', ackedSeq: 9 },
      { ...b.ref, verdict: 'stop', ackedSeq: 3 },
      { ...a.ref, verdict: 'continue', ackedSeq: 7 },
      { taskId: 'd', attempt: 2, verdict: 'settled', ackedSeq: 0 },
      { taskId: 'unknown', attempt: 1, verdict: 'stop', ackedSeq: 0 },
    ],
  );
  expect(actions).toEqual([
    { run: a, do: 'upload', ackedSeq: 7 },
    { run: b, do: 'stop', ackedSeq: 3 },
    { run: c, do: 'forget' },
    { run: d, do: 'upload', ackedSeq: 0 },
  ]);
});

test('[C1] a version-1 server gives no verdicts: all are sent', () => {
  expect(reconcile([a, b], [])).toEqual([
    { run: a, do: 'upload', ackedSeq: 0 },
    { run: b, do: 'upload', ackedSeq: 0 },
  ]);
});
