import { describe, expect, test } from 'vitest';
import { STABLE_CONNECTION_MS } from '../../../../gateway/domain/backoff.ts';
import { type ConnectionEnd, connectionFate, retryAfterMs } from '../../../../gateway/domain/connection-fate.ts';
import { CLOSE } from '../../../../shared/close-codes.ts';

const T0 = Date.UTC(2030, 0, 1);

function refused(status: number, retryMs = 0): ConnectionEnd {
  return { kind: 'refused', status, message: 'because', retryAfterMs: retryMs };
}

function closed(code: number, registeredMs = 0): ConnectionEnd {
  return { kind: 'closed', code, message: '', registeredMs };
}

describe('whether to connect again', () => {
  test('[C1] never after 401 or 403; for another host id the message says what to do', () => {
    const message = 'the server answered 401: because';
    expect(connectionFate(refused(401))).toEqual({ kind: 'stop', why: 'refused', message });
    expect(connectionFate(refused(403))).toEqual({
      kind: 'stop',
      why: 'refused',
      message: 'the server answered 403: because',
    });
    const otherHost = { ...refused(403), message: '"hostId" is not the one that the token is for' };
    expect(connectionFate(otherHost)).toMatchObject({
      kind: 'stop',
      message: expect.stringContaining('GATEWAY_HOST_ID'),
    });
  });

  test.each([429, 503, 500, 502, 404, 400, 302])('[C1] after %i, when the server likes', (status) => {
    expect(connectionFate(refused(status, 7000))).toMatchObject({ kind: 'retry', fresh: false, atLeastMs: 7000 });
  });

  test('[C1] never after close 4401, nor after a rejected registration', () => {
    expect(connectionFate(closed(CLOSE.UNAUTHENTICATED))).toMatchObject({ kind: 'stop', why: 'refused' });
    expect(connectionFate({ kind: 'rejected', message: 'no' })).toMatchObject({ kind: 'stop', why: 'refused' });
  });

  test('never when another daemon took over: the two would take turns for ever', () => {
    expect(connectionFate(closed(CLOSE.REPLACED))).toMatchObject({ kind: 'stop', why: 'replaced' });
  });

  test.each([1000, 1001, 1006, CLOSE.OVERLOADED, CLOSE.SILENT, CLOSE.PROTOCOL])('after close %i', (code) => {
    expect(connectionFate(closed(code))).toMatchObject({ kind: 'retry', fresh: false });
  });

  test('failures are counted anew only after a connection that was good for a while', () => {
    expect(connectionFate(closed(1006, STABLE_CONNECTION_MS - 1))).toMatchObject({ fresh: false });
    expect(connectionFate(closed(1006, STABLE_CONNECTION_MS))).toMatchObject({ fresh: true });
    expect(connectionFate({ kind: 'unreachable', message: 'no route' })).toMatchObject({ kind: 'retry', fresh: false });
  });
});

test('Retry-After in seconds, as a date, and as nonsense', () => {
  expect(retryAfterMs('3', T0)).toBe(3000);
  expect(retryAfterMs(new Date(T0 + 9000).toUTCString(), T0)).toBe(9000);
  expect(retryAfterMs(new Date(T0 - 9000).toUTCString(), T0)).toBe(0);
  for (const header of [undefined, '', 'soon', '-5', 'Infinity']) expect(retryAfterMs(header, T0)).toBe(0);
});
