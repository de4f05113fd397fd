import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ANSWER_TIMEOUT_MS,
  afterAck,
  afterRetry,
  newUpload,
  nextStep,
  RESEND_PAUSE_MS,
  type UploadState,
  type UploadView,
} from '../../../../gateway/domain/upload.ts';

const T0 = 1_000_000;
const running: UploadView = { owed: 'all', sessionId: '', lastSeq: null };
const finished: UploadView = { owed: 'all', sessionId: '', lastSeq: 5 };

function announced(acked: number): UploadState {
  return { ...newUpload(acked), announced: '' };
}

function sent(acked: number, last: number): UploadState {
  return { ...announced(acked), inFlight: { last, bytes: 100, sentAt: T0 } };
}

describe('what is sent next', () => {
  test('task:started before all else, and again for each new session id', () => {
    expect(nextStep(newUpload(0), running, T0)).toEqual({ do: 'announce' });
    expect(nextStep(announced(0), running, T0)).toEqual({ do: 'events' });
    expect(nextStep(announced(0), { ...running, sessionId: 's' }, T0)).toEqual({ do: 'announce' });
  });

  test('one batch at a time; sent again when no answer comes', () => {
    const until = T0 + ANSWER_TIMEOUT_MS;
    expect(nextStep(sent(0, 3), running, T0)).toEqual({ do: 'wait', until });
    expect(nextStep(sent(0, 3), running, until)).toEqual({ do: 'events' });
  });

  test('[L4] the end only when every event is stored, and again until it is answered', () => {
    expect(nextStep(announced(4), finished, T0)).toEqual({ do: 'events' });
    expect(nextStep(announced(5), finished, T0)).toEqual({ do: 'end' });
    const ended = { ...announced(5), endSentAt: T0 };
    expect(nextStep(ended, finished, T0)).toEqual({ do: 'wait', until: T0 + ANSWER_TIMEOUT_MS });
    expect(nextStep(ended, finished, T0 + ANSWER_TIMEOUT_MS)).toEqual({ do: 'end' });
  });

  test('[R4] a server that knows more events than the disk gets the end', () => {
    expect(nextStep(announced(9), finished, T0)).toEqual({ do: 'end' });
  });

  test('[R4] of a stopped run nothing but the end; of a settled one nothing', () => {
    expect(nextStep(newUpload(0), { ...running, owed: 'end' }, T0)).toEqual({ do: 'wait', until: null });
    expect(nextStep(newUpload(0), { ...finished, owed: 'end' }, T0)).toEqual({ do: 'end' });
    expect(nextStep(newUpload(0), { ...finished, owed: 'nothing' }, T0)).toEqual({ do: 'wait', until: null });
  });

  test('retry: nothing before its time, then the end again', () => {
    const state = afterRetry({ ...announced(5), endSentAt: T0 }, 300, T0);
    expect(nextStep(state, finished, T0 + 299)).toEqual({ do: 'wait', until: T0 + 300 });
    expect(nextStep(state, finished, T0 + 300)).toEqual({ do: 'end' });
  });
});

describe('acknowledgements', () => {
  test('a lower number than expected: go back to it', () => {
    expect(afterAck(sent(4, 9), 2, T0)).toMatchObject({ acked: 2, inFlight: null, pausedUntil: 0 });
    expect(afterAck(sent(4, 9), 6, T0)).toMatchObject({ acked: 6, inFlight: null, pausedUntil: 0 });
    expect(afterAck({ ...announced(5), endSentAt: T0 }, 3, T0)).toMatchObject({ acked: 3, endSentAt: null });
  });

  test('no progress at all: not in a tight loop', () => {
    expect(afterAck(sent(4, 9), 4, T0)).toMatchObject({ inFlight: null, pausedUntil: T0 + RESEND_PAUSE_MS });
  });
});

test('[L3] [L4] whatever is lost, forgotten or answered twice, the server ends with every event once and the end', () => {
  const faults = fc.array(fc.constantFrom('none', 'lose batch', 'lose ack', 'double ack', 'forget', 'partial'), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 7 }), faults, (total, size, planned) => {
      const view: UploadView = { owed: 'all', sessionId: 's', lastSeq: total };
      let state = newUpload(0);
      let stored = 0;
      let now = T0;
      for (let turn = 0; turn < 500; turn += 1) {
        const step = nextStep(state, view, now);
        if (step.do === 'announce') state = { ...state, announced: 's' };
        else if (step.do === 'wait') now = step.until ?? expect.unreachable('waits for ever');
        else if (step.do === 'end') {
          expect(state.acked).toBeGreaterThanOrEqual(total);
          if (stored >= total) return;
          state = afterAck({ ...state, endSentAt: now }, stored, now);
        } else {
          const first = state.acked + 1;
          const last = Math.min(state.acked + size, total);
          state = { ...state, inFlight: { last, bytes: 1, sentAt: now } };
          const fault = planned.shift();
          if (fault === 'lose batch') continue;
          if (fault === 'forget') stored = Math.floor(stored / 2);
          // Stored by number, never with a hole: what is known already is skipped, what does not follow is dropped.
          if (first <= stored + 1) stored = Math.max(stored, fault === 'partial' ? Math.min(first, last) : last);
          if (fault !== 'lose ack') state = afterAck(state, stored, now);
          if (fault === 'double ack') state = afterAck(state, stored, now);
        }
      }
      expect.unreachable('never ends');
    }),
  );
});
