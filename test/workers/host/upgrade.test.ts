import { expect, it } from 'vitest';
import { CLOSE } from '../../../shared/close-codes.ts';
import { errorBodySchema } from '../../../shared/errors.ts';
import { MAX_REPLACEMENTS } from '../../../shared/limits.ts';
import { Client, freshPool, hostStub, knock, v1Host, v2Host } from './client.ts';
import { until } from './pool.ts';

async function refusal(response: Response) {
  return {
    status: response.status,
    code: errorBodySchema.parse(await response.json()).error.code,
    retryAfter: Number(response.headers.get('Retry-After')),
  };
}

it('[C3] refuses tokens issued up to the revocation, closes their connection, takes later ones', async () => {
  const pool = freshPool();
  const issuedAt = Date.now();
  const host = await v2Host(pool, 'box');
  await hostStub(pool, 'box').revokeTokens();
  expect((await host.untilClosed()).code).toBe(CLOSE.UNAUTHENTICATED);
  const revokedAt = await hostStub(pool, 'box').revokedAt();
  expect(revokedAt).toBeGreaterThanOrEqual(issuedAt);
  expect(await refusal(await knock(pool, 'box', { issuedAt: revokedAt }))).toMatchObject({
    status: 401,
    code: 'unauthorized',
  });
  const later = await Client.connect(pool, 'box', { issuedAt: revokedAt + 1 });
  later.close();
  expect(await hostStub(pool, 'box').lastSeen()).toBe(null);
});

it('[R5] turns a newcomer away when a living connection keeps being replaced', async () => {
  const pool = freshPool();
  let current = await v1Host(pool, 'box');
  for (let count = 0; count < MAX_REPLACEMENTS; count += 1) {
    const newer = await v1Host(pool, 'box');
    expect((await current.untilClosed()).code).toBe(CLOSE.REPLACED);
    current = newer;
  }
  const refused = await refusal(await knock(pool, 'box'));
  expect(refused).toMatchObject({ status: 429, code: 'too_many_replacements' });
  expect(refused.retryAfter).toBeGreaterThan(0);
  expect(refused.retryAfter).toBeLessThanOrEqual(60);
  current.close();
  await until(
    () => hostStub(pool, 'box').lastSeen(),
    (seen) => seen === null,
  );
  expect((await knock(pool, 'box')).status).toBe(101);
});

it('[C5] bounds the hosts of one address', async () => {
  const pool = freshPool();
  const ids = Array.from({ length: 50 }, (_, index) => `box-${index}`);
  await Promise.all(ids.map((id) => v2Host(pool, id)));
  expect(await refusal(await knock(pool, 'one-more'))).toMatchObject({ status: 429, code: 'too_many_hosts' });
  expect((await knock(pool, 'box-7')).status).toBe(101);
  expect((await knock(pool, 'elsewhere', { ip: '192.0.2.2' })).status).toBe(101);
}, 30_000);

it('refuses an expired token and a request that is no upgrade', async () => {
  const pool = freshPool();
  expect(await refusal(await knock(pool, 'box', { expiresAt: Date.now() - 1 }))).toMatchObject({ status: 401 });
  expect(await refusal(await hostStub(pool, 'box').fetch('https://gateway.test/agent/ws'))).toMatchObject({
    status: 426,
    code: 'upgrade_required',
  });
});

it('bounds connections that never register', async () => {
  const pool = freshPool();
  for (let count = 0; count < 8; count += 1) await Client.connect(pool, 'box');
  expect(await refusal(await knock(pool, 'box'))).toMatchObject({ status: 429, code: 'rate_limited' });
});
