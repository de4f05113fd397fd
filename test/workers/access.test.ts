import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { AuditQuery, AuditRecord } from '../../shared/api/access.ts';
import { MAX_OPEN_ENROLMENTS } from '../../shared/limits.ts';
import type { EnrolmentOrder } from '../../worker/rpc-access.ts';

const DAY_MS = 86_400_000;

function entry(changes: Partial<AuditRecord> = {}): AuditRecord {
  const who = { sub: 'ann', role: 'client' as const, tokenId: 't1', ip: '192.0.2.1' };
  return { at: Date.now(), requestId: 'r', action: 'task.create', target: 'a', outcome: 'ok', ...who, ...changes };
}

function order(hash: string, changes: Partial<EnrolmentOrder> = {}): EnrolmentOrder {
  return { hash, hostId: null, tokenSeconds: 60, expiresAt: Date.now() + 60_000, ...changes };
}

const all: AuditQuery = { limit: 100 };

describe('[R25] revoked tokens', () => {
  it('stay revoked, also when the object starts anew; others and other pools are not touched', async () => {
    const access = env.ACCESS.getByName('revoked');
    expect(await access.isRevoked('t')).toBe(false);
    expect([await access.revoke('t'), await access.revoke('t')]).toEqual([true, true]);
    await evictDurableObject(access);
    expect([await access.isRevoked('t'), await access.isRevoked('T')]).toEqual([true, false]);
    expect(await env.ACCESS.getByName('another').isRevoked('t')).toBe(false);
  });
});

describe('[R26] enrolment codes', () => {
  it('work once; a repeat of the same request is answered alike', async () => {
    const access = env.ACCESS.getByName('once');
    await access.openEnrolment(order('h'));
    expect(await access.enrolmentHost('h')).toBeNull();
    expect(await access.redeem('h', 'box', 'r1')).toEqual({ kind: 'ok', tokenSeconds: 60 });
    expect(await access.redeem('h', 'box', 'r1')).toEqual({ kind: 'ok', tokenSeconds: 60 });
    expect(await access.redeem('h', 'box', 'r2')).toEqual({ kind: 'unknown' });
    expect(await access.enrolmentHost('h')).toBeUndefined();
  });

  it('are for the host that they name', async () => {
    const access = env.ACCESS.getByName('pinned');
    await access.openEnrolment(order('h', { hostId: 'box' }));
    expect(await access.enrolmentHost('h')).toBe('box');
    expect(await access.redeem('h', 'other', 'r1')).toEqual({ kind: 'unknown' });
    expect((await access.redeem('h', 'box', 'r2')).kind).toBe('ok');
  });

  it('expire, and are nothing in another pool', async () => {
    const access = env.ACCESS.getByName('expired');
    await access.openEnrolment(order('h', { expiresAt: Date.now() - 1 }));
    await access.openEnrolment(order('good'));
    expect(await access.redeem('h', 'box', 'r')).toEqual({ kind: 'unknown' });
    expect(await env.ACCESS.getByName('elsewhere').redeem('good', 'box', 'r')).toEqual({ kind: 'unknown' });
  });

  it('are bounded in number; what has expired makes room', async () => {
    const access = env.ACCESS.getByName('many');
    for (let n = 0; n < MAX_OPEN_ENROLMENTS; n += 1) expect(await access.openEnrolment(order(`h${n}`))).toBe(true);
    expect(await access.openEnrolment(order('one more'))).toBe(false);
    await runInDurableObject(access, (_object, { storage }) => {
      storage.sql.exec('UPDATE enrolments SET expires_at = 1');
    });
    expect(await access.openEnrolment(order('one more'))).toBe(true);
  });
});

describe('[R27] the audit', () => {
  it('has every entry as it was recorded, newest first, page by page', async () => {
    const access = env.ACCESS.getByName('pages');
    const entries = ['a', 'b', 'c', 'd', 'e'].map((target) => entry({ target }));
    for (const each of entries) await access.record(each);
    const first = await access.audit({ limit: 2 });
    expect(first.entries).toEqual([
      { seq: 5, ...entries[4] },
      { seq: 4, ...entries[3] },
    ]);
    const rest = await access.audit({ limit: 10, cursor: Number(first.nextCursor) });
    expect(rest.entries.map(({ target }) => target)).toEqual(['c', 'b', 'a']);
    expect(rest.nextCursor).toBeNull();
  });

  it('is asked by who, what and on what', async () => {
    const access = env.ACCESS.getByName('filters');
    await access.record(entry());
    await access.record(entry({ sub: 'bob', target: 'b' }));
    await access.record(entry({ action: 'task.abort' }));
    const found = async (query: Partial<AuditQuery>) =>
      (await access.audit({ ...all, ...query })).entries.map(({ seq }) => seq);
    expect(await found({ sub: 'ann' })).toEqual([3, 1]);
    expect(await found({ target: 'a', action: 'task.abort' })).toEqual([3]);
    expect(await found({ sub: "ann' OR 1=1 --" })).toEqual([]);
  });

  it('drops what is past its retention and nothing else, looks again while there is any, and counts on', async () => {
    const access = env.ACCESS.getByName('retention');
    await access.record(entry({ at: Date.now() - 91 * DAY_MS }));
    await access.record(entry({ at: Date.now() - 89 * DAY_MS }));
    expect(await runDurableObjectAlarm(access)).toBe(true);
    expect((await access.audit(all)).entries.map(({ seq }) => seq)).toEqual([2]);
    await runInDurableObject(access, (_object, { storage }) => {
      storage.sql.exec('UPDATE audit SET at = 1');
    });
    expect(await runDurableObjectAlarm(access)).toBe(true);
    expect((await access.audit(all)).entries).toEqual([]);
    expect(await runDurableObjectAlarm(access)).toBe(false);
    await access.record(entry());
    expect((await access.audit(all)).entries.map(({ seq }) => seq)).toEqual([3]);
    expect(await runInDurableObject(access, (_object, { storage }) => storage.getAlarm())).not.toBeNull();
  });
});
