import { afterEach, describe, expect, it, vi } from 'vitest';
import { type AuditRecord, enrolledSchema, enrolmentSchema, hostTokenSchema } from '../../../shared/api/access.ts';
import { MAX_REFUSALS_RECORDED } from '../../../shared/limits.ts';
import { appWith, bearer, envWith, type Fakes, SECRET, token, viewOf } from './support.ts';

const ADMIN = { sub: 'root', role: 'admin', jti: 'token-1', pool: 'p' };

afterEach(() => {
  vi.restoreAllMocks();
});

/** The app of one test, and what it has recorded. */
function audited(fakes: Fakes = {}) {
  const records: AuditRecord[] = [];
  const record = async (entry: AuditRecord): Promise<void> => {
    records.push(entry);
  };
  const app = appWith({ ...fakes, access: { record, ...fakes.access } });
  const call = async (method: string, path: string, body?: unknown, claims: Record<string, unknown> = ADMIN) => {
    const headers = { ...(await bearer(claims)), 'cf-connecting-ip': '192.0.2.7' };
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    return await app.request(path, init, envWith());
  };
  return { records, call, app };
}

describe('[R27] each change over HTTP is recorded', () => {
  it('with who, what, on what, from where and how it ended', async () => {
    const { records, call } = audited({
      scheduler: { createTask: async () => ({ kind: 'created', view: viewOf('task-1') }) },
    });
    const reply = await call('POST', '/api/tasks', { prompt: 'a secret wish', env: { KEY: 'a-secret-value' } });
    expect(reply.status).toBe(201);
    expect(records).toEqual([
      {
        at: expect.any(Number),
        requestId: reply.headers.get('x-request-id'),
        action: 'task.create',
        target: 'task-1',
        outcome: 'ok',
        sub: 'root',
        role: 'admin',
        tokenId: 'token-1',
        ip: '192.0.2.7',
      },
    ]);
  });

  it.each([
    ['POST', '/api/hosts/box/tokens', undefined, 'host-tokens.create', 'box'],
    ['DELETE', '/api/hosts/box/tokens', undefined, 'host-tokens.revoke', 'box'],
    ['DELETE', '/api/tokens/abc', undefined, 'token.revoke', 'abc'],
    ['POST', '/api/enrolments', {}, 'enrolment.create', undefined],
    ['PATCH', '/api/hosts/box/config', {}, 'host.configure', 'box'],
  ])('refused ones too: %s %s', async (method, path, body, action, target) => {
    const { records, call } = audited();
    expect((await call(method, path, body, { sub: 'eve', role: 'client' })).status).toBe(403);
    const [only] = records;
    expect(records).toHaveLength(1);
    expect(only).toMatchObject({ action, outcome: 'forbidden', sub: 'eve', role: 'client' });
    expect(only?.target).toBe(target);
  });

  it('not what nobody has done: a bad token, a read', async () => {
    const { records, call, app } = audited({ scheduler: { listHosts: async () => [] } });
    await app.request('/api/tasks', { method: 'POST', headers: { authorization: 'Bearer x' } }, envWith());
    await call('GET', '/api/hosts');
    expect(records).toEqual([]);
  });

  it('refusals of one caller up to their share: they may not crowd out what others did', async () => {
    const { records, call } = audited({
      scheduler: { abortTask: async () => ({ kind: 'error', code: 'not_found', message: 'no' }) },
    });
    const errors = vi.spyOn(console, 'error').mockImplementation(() => {});
    const eve = { sub: 'a-noisy-one', role: 'client', jti: 'noisy' };
    for (let n = 0; n < MAX_REFUSALS_RECORDED + 5; n += 1) await call('POST', '/api/tasks/t/abort', undefined, eve);
    expect(records).toHaveLength(MAX_REFUSALS_RECORDED);
    // Whatever else they did to the log, they have one line of it.
    expect(errors.mock.calls).toHaveLength(1);
    await call('POST', '/api/tasks/t/abort', undefined, { ...eve, jti: 'another' });
    expect(records).toHaveLength(MAX_REFUSALS_RECORDED + 1);
  });

  it('with no text of a path that is no id, a token perhaps', async () => {
    const { records, call } = audited();
    const secret = await token({ sub: 'x', role: 'client' });
    await call('DELETE', `/api/tokens/${encodeURIComponent(secret)}`, undefined, { sub: 'eve', role: 'client' });
    await call('POST', '/api/tasks/%3Cscript%3E%0A/abort');
    expect(records.map(({ target }) => target)).toEqual(['(no id)', '(no id)']);
  });

  it('with the id of the token that was made', async () => {
    const { records, call } = audited({ host: { revokedAt: async () => 0 } });
    const reply = hostTokenSchema.parse(await (await call('POST', '/api/hosts/box/tokens')).json());
    expect(records).toMatchObject([{ action: 'host-tokens.create', target: 'box', made: reply.tokenId }]);
  });

  it('an audit that cannot be written does not undo what was done', async () => {
    const { call } = audited({
      access: {
        record: async () => {
          throw new Error('no');
        },
      },
      scheduler: { createTask: async () => ({ kind: 'created', view: viewOf('t') }) },
    });
    expect((await call('POST', '/api/tasks', { prompt: 'x' })).status).toBe(201);
  });
});

describe('[R25] a token that is revoked by its id', () => {
  it('gets 401, and touches nothing else', async () => {
    const { call } = audited({ access: { isRevoked: async (id) => id === 'token-1' } });
    const reply = await call('GET', '/api/hosts');
    expect(reply.status).toBe(401);
    expect(await reply.json()).toMatchObject({
      error: { code: 'unauthorized', message: expect.stringContaining('revoked') },
    });
  });

  it('that cannot be looked up is not let through: 503', async () => {
    const isRevoked = async (): Promise<never> => {
      throw new Error('away');
    };
    const { call } = audited({ access: { isRevoked } });
    const reply = await call('GET', '/api/hosts');
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('is refused at once where it was revoked, by the same isolate', async () => {
    let isRevoked = false;
    const revoke = async () => {
      isRevoked = true;
      return true;
    };
    const { call } = audited({
      access: { revoke, isRevoked: async () => isRevoked },
      scheduler: { listHosts: async () => [] },
    });
    const victim = { sub: 'eve', role: 'client', jti: 'hers', pool: 'p' };
    expect((await call('GET', '/api/hosts', undefined, victim)).status).toBe(200);
    expect((await call('DELETE', '/api/tokens/hers')).status).toBe(204);
    expect((await call('GET', '/api/hosts', undefined, victim)).status).toBe(401);
    // Another pool may have one of the same id.
    isRevoked = false;
    expect((await call('GET', '/api/hosts', undefined, { ...victim, pool: 'q' })).status).toBe(200);
  });

  it('names the limit when too many are revoked one by one', async () => {
    const { call } = audited({ access: { revoke: async () => false } });
    const reply = await call('DELETE', '/api/tokens/x');
    expect(reply.status).toBe(413);
    expect(await reply.json()).toMatchObject({ error: { details: { limit: 'MAX_REVOKED_TOKENS' } } });
  });
});

describe('[R26] enrolment', () => {
  const enroll = (app: ReturnType<typeof appWith>, body: unknown, changes = {}) =>
    app.request('/api/enroll', { method: 'POST', body: JSON.stringify(body) }, envWith(changes));

  /** A pool that keeps one code. */
  function pool(known: string[] = []) {
    const open = new Map<string, string | null>();
    return audited({
      scheduler: {
        getHost: async (hostId) =>
          known.includes(hostId)
            ? {
                hostId,
                name: hostId,
                status: 'offline',
                capabilities: { name: hostId, agents: [], maxConcurrent: 1, cwd: '/' },
                activeTasks: [],
                lastHeartbeat: 1,
                connectedAt: 1,
              }
            : null,
      },
      host: { revokedAt: async () => 0 },
      access: {
        openEnrolment: async ({ hash, hostId }) => {
          open.set(hash, hostId);
          return true;
        },
        enrolment: async (hash) => {
          const hostId = open.get(hash);
          return hostId === undefined ? null : { hostId, tokenSeconds: 60 };
        },
        redeem: async (hash) => ({ kind: open.delete(hash) ? 'ok' : 'unknown' }),
      },
    });
  }

  it('gives a token for that host, once, and records who came', async () => {
    const { call, app, records } = pool();
    const { code } = enrolmentSchema.parse(await (await call('POST', '/api/enrolments')).json());
    expect(code).toMatch(/^p\./);
    const reply = await enroll(app, { code, hostId: 'box' });
    expect(reply.status).toBe(201);
    const { token, tokenId } = enrolledSchema.parse(await reply.json());
    expect((await call('GET', '/api/hosts', undefined, { sub: 'x', role: 'host' })).status).toBe(403);
    expect(token.split('.')).toHaveLength(3);
    expect((await enroll(app, { code, hostId: 'box' })).status).toBe(401);
    expect(records.map(({ action, outcome, role, target }) => [action, outcome, role, target])).toEqual([
      ['enrolment.create', 'ok', 'admin', undefined],
      ['enrolment.redeem', 'ok', 'enrolment', 'box'],
      ['enrolment.redeem', 'unauthorized', 'enrolment', 'box'],
    ]);
    expect(JSON.stringify(records)).not.toContain(token);
    expect(JSON.stringify(records)).not.toContain(code);
    expect(tokenId).not.toBe('');
  });

  it('does not take the place of a host that the pool knows, unless the code names it', async () => {
    const { call, app } = pool(['box']);
    const any = enrolmentSchema.parse(await (await call('POST', '/api/enrolments')).json());
    const reply = await enroll(app, { code: any.code, hostId: 'box' });
    expect([reply.status, await reply.json()]).toMatchObject([409, { error: { code: 'host_exists' } }]);
    const named = enrolmentSchema.parse(await (await call('POST', '/api/enrolments', { hostId: 'box' })).json());
    expect((await enroll(app, { code: named.code, hostId: 'box' })).status).toBe(201);
  });

  it.each([
    ['no code', ''],
    ['without a signature', 'p.aaaaaaaaaaaaaaaa'],
    ['with a signature of nobody', 'p.aaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaa'],
    ['of a pool that is a path', '../p.aaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaa'],
  ])('touches no object for a code that was not made here: %s', async (_what, code) => {
    const names: string[] = [];
    const app = appWith({ names });
    expect([400, 401]).toContain((await enroll(app, { code, hostId: 'box' })).status);
    expect(names).toEqual([]);
  });

  it('of a code that names its host needs no word on it, and takes no other', async () => {
    const { call, app } = pool();
    const { code } = enrolmentSchema.parse(await (await call('POST', '/api/enrolments', { hostId: 'box' })).json());
    expect((await enroll(app, { code, hostId: 'other' })).status).toBe(401);
    const reply = await enroll(app, { code, suggestedHostId: 'other' });
    expect(enrolledSchema.parse(await reply.json()).hostId).toBe('box');
  });

  it('of a code that names none wants one', async () => {
    const { call, app } = pool();
    const { code } = enrolmentSchema.parse(await (await call('POST', '/api/enrolments')).json());
    expect((await enroll(app, { code })).status).toBe(400);
    expect((await enroll(app, { code, suggestedHostId: 'mine' })).status).toBe(201);
  });

  it('takes a code of before the secret was rotated, and none of another secret', async () => {
    const { call, app } = pool();
    const { code } = enrolmentSchema.parse(await (await call('POST', '/api/enrolments')).json());
    const other = 'another-secret-of-these-tests-0123456789';
    expect((await enroll(app, { code, hostId: 'box' }, { JWT_SECRET: other })).status).toBe(401);
    const rotated = { JWT_SECRET: other, JWT_SECRET_PREVIOUS: SECRET };
    expect((await enroll(app, { code, hostId: 'box' }, rotated)).status).toBe(201);
  });

  it('a code changed to another pool is none', async () => {
    const { call, app } = pool();
    const { code } = enrolmentSchema.parse(await (await call('POST', '/api/enrolments')).json());
    expect((await enroll(app, { code: code.replace(/^p/, 'q'), hostId: 'box' })).status).toBe(401);
  });
});
