import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { callAfter, settledWithin } from '../../../../gateway/process/timer.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('callAfter', () => {
  it('waits longer than a timer can count, and calls once', () => {
    let calls = 0;
    callAfter(30 * DAY_MS, () => {
      calls += 1;
    });
    vi.advanceTimersByTime(30 * DAY_MS - 1);
    expect(calls).toBe(0);
    vi.advanceTimersByTime(5);
    expect(calls).toBe(1);
    vi.advanceTimersByTime(60 * DAY_MS);
    expect(calls).toBe(1);
  });

  it('is called off at any stage', () => {
    let calls = 0;
    const cancel = callAfter(30 * DAY_MS, () => {
      calls += 1;
    });
    vi.advanceTimersByTime(29 * DAY_MS);
    cancel();
    vi.advanceTimersByTime(29 * DAY_MS);
    expect(calls).toBe(0);
  });
});

describe('settledWithin', () => {
  it('ends with the promise, rejected or not, and with the time', async () => {
    await settledWithin(Promise.resolve(), DAY_MS);
    await settledWithin(Promise.reject(new Error('no')), DAY_MS);
    expect(vi.getTimerCount()).toBe(0);
    const waiting = settledWithin(new Promise(() => {}), DAY_MS);
    await vi.advanceTimersByTimeAsync(DAY_MS);
    await waiting;
  });
});
