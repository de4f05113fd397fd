import { runDurableObjectAlarm } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { decodeJwt } from 'jose';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { TOKEN_RENEWAL } from '../../../shared/features.ts';
import { claimsSchema } from '../../../shared/token.ts';
import { Client, freshPool, type Handshake, hostStub } from './client.ts';

const HOUR_MS = 3_600_000;
/** Its renewal was due a while ago. */
const DUE: Handshake = {
  issuedAt: Date.now() - 8 * HOUR_MS,
  expiresAt: Date.now() + HOUR_MS,
  tokenId: 'the-id',
  renewable: true,
};

const capabilities = { name: 'box', agents: ['a'], maxConcurrent: 1, cwd: '/' };
const v2 = { protocol: 2, version: 't', withoutInput: [], runs: [] };
const renewedSchema = z.object({ token: z.string(), expiresAt: z.number() });

/** What a host that registers so has got after its alarm. */
async function connected(handshake: Handshake, extras: object): Promise<{ pool: string; client: Client }> {
  const pool = freshPool();
  const client = await Client.connect(pool, 'box', handshake);
  client.send({ type: 'register', hostId: 'box', capabilities, ...extras });
  await client.next('registered');
  await runDurableObjectAlarm(hostStub(pool, 'box'));
  return { pool, client };
}

describe('[R28] a token whose renewal is due', () => {
  it('is renewed with the same life and id, and the audit says so', async () => {
    const { pool, client } = await connected(DUE, { ...v2, features: [TOKEN_RENEWAL] });
    const { token, expiresAt } = renewedSchema.parse(await client.next('token:renewed'));
    const claims = claimsSchema.parse(decodeJwt(token));
    expect(claims).toMatchObject({ sub: 'box', role: 'host', pool, jti: 'the-id', renewable: true });
    expect(expiresAt).toBe(claims.exp * 1000);
    expect(Math.abs(claims.exp - claims.iat - (9 * HOUR_MS) / 1000)).toBeLessThanOrEqual(1);
    const { entries } = await env.ACCESS.getByName(pool).audit({ limit: 10 });
    expect(entries).toMatchObject([{ action: 'token.renew', target: 'box', tokenId: 'the-id', ip: '192.0.2.1' }]);
    // Not again before two thirds of the new life.
    await runDurableObjectAlarm(hostStub(pool, 'box'));
    expect(client.frames.filter(({ type }) => type === 'token:renewed')).toHaveLength(1);
  });

  it.each([
    ['that is not to be renewed', { ...DUE, renewable: false }, { ...v2, features: [TOKEN_RENEWAL] }],
    ['of a gateway that does not want it', DUE, { ...v2, features: [] }],
    ['of a version-1 gateway', DUE, {}],
  ])('%s is not', async (_what, handshake, extras) => {
    const { client } = await connected(handshake, extras);
    expect(client.frames.map(({ type }) => type)).not.toContain('token:renewed');
    expect(client.closed).toBeNull();
  });
});
