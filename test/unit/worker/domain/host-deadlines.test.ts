import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LATE_ALARM_MS } from '../../../../shared/limits.ts';
import {
  look,
  nextLook,
  REGISTER_TIMEOUT_MS,
  renewalOf,
  type SocketTimes,
} from '../../../../worker/domain/host-deadlines.ts';

const T0 = 1_000_000;
const TIMING = { heartbeatInterval: 30_000, heartbeatTimeout: 90_000 };
const REGISTERED: SocketTimes = {
  registered: true,
  protocol: 2,
  connectedAt: T0,
  lastSeen: T0,
  lastPing: T0,
  tokenExpires: T0 + 3_600_000,
  renewAt: 0,
  graceUntil: 0,
};

it('[L12] looks at a version-2 host once per timeout, at a version-1 host once per ping', () => {
  expect(nextLook(REGISTERED, TIMING)).toBe(T0 + 90_000);
  expect(nextLook({ ...REGISTERED, protocol: 1 }, TIMING)).toBe(T0 + 30_000);
});

it('[L6] finds a host silent at the timeout, not a millisecond earlier', () => {
  expect(look(REGISTERED, TIMING, T0 + 89_999).due).toEqual([]);
  expect(look(REGISTERED, TIMING, T0 + 90_000)).toEqual({ due: ['silent'], graceUntil: null });
});

it('waits for register for its own time only', () => {
  const fresh = { ...REGISTERED, registered: false };
  expect(nextLook(fresh, TIMING)).toBe(T0 + REGISTER_TIMEOUT_MS);
  expect(look(fresh, TIMING, T0 + REGISTER_TIMEOUT_MS).due).toEqual(['unregistered']);
});

it('[R1] judges no silence by a late alarm, and gives a whole timeout', () => {
  const late = T0 + 90_000 + LATE_ALARM_MS + 1;
  expect(look(REGISTERED, TIMING, late)).toEqual({ due: [], graceUntil: late + 90_000 });
  const v1 = { ...REGISTERED, protocol: 1 as const };
  expect(look(v1, TIMING, late)).toEqual({ due: ['ping'], graceUntil: late + 90_000 });
  expect(nextLook({ ...REGISTERED, graceUntil: late + 90_000 }, TIMING)).toBe(late + 90_000);
});

it('[C3] an expired token is expired however late the alarm is', () => {
  const late = REGISTERED.tokenExpires + 60_000;
  expect(look({ ...REGISTERED, lastSeen: late }, TIMING, late).due).toEqual(['expired']);
  expect(look(REGISTERED, TIMING, late).due).toEqual(['expired']);
});

it('[R28] renews a token when two thirds of its life are over, also by a late alarm, and never where it is not wanted', () => {
  const renewAt = renewalOf(T0, T0 + 90_000);
  expect(renewAt).toBe(T0 + 60_000);
  const host = { ...REGISTERED, renewAt, lastSeen: T0 + 60_000 };
  expect(nextLook(host, TIMING)).toBe(renewAt);
  expect(look(host, TIMING, renewAt - 1).due).toEqual([]);
  expect(look(host, TIMING, renewAt).due).toEqual(['renew']);
  expect(look({ ...host, lastSeen: T0 }, TIMING, T0 + 200_000)).toEqual({ due: ['renew'], graceUntil: T0 + 290_000 });
  expect(look({ ...host, registered: false, connectedAt: renewAt }, TIMING, renewAt).due).toEqual([]);
});

it('always looks next at a moment when something is due, and never spins', () => {
  const times = fc.record({
    registered: fc.boolean(),
    protocol: fc.constantFrom(1 as const, 2 as const),
    connectedAt: fc.integer({ min: T0, max: T0 + 100_000 }),
    lastSeen: fc.integer({ min: T0, max: T0 + 100_000 }),
    lastPing: fc.integer({ min: T0, max: T0 + 100_000 }),
    tokenExpires: fc.integer({ min: T0, max: T0 + 500_000 }),
    renewAt: fc.constantFrom(0, T0 + 200_000),
    graceUntil: fc.constantFrom(0, T0 + 150_000),
  });
  fc.assert(
    fc.property(times, fc.integer({ min: 0, max: 20_000 }), (socket, delay) => {
      const next = nextLook(socket, TIMING);
      expect(look(socket, TIMING, next - 1).due).toEqual([]);
      const now = next + delay;
      const { due, graceUntil } = look(socket, TIMING, now);
      expect(due.length > 0 || graceUntil !== null).toBe(true);
      if (due.some((kind) => kind !== 'ping' && kind !== 'renew')) return;
      const after = { ...socket, lastPing: now, renewAt: 0, graceUntil: graceUntil ?? socket.graceUntil };
      expect(nextLook(after, TIMING)).toBeGreaterThan(now);
    }),
  );
});
