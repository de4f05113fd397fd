import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import type { AuditQuery, AuditRecord } from '../../shared/api/access.ts';
import { MAX_AUDIT_SCAN, MAX_OPEN_ENROLMENTS, MAX_REVOKED_TOKENS } from '../../shared/limits.ts';
import type { EnrolmentOrder } from '../../worker/rpc-access.ts';

const DAY_MS = 86_400_000;

function entry(changes: Partial<AuditRecord> = {}): AuditRecord {
  const who = { sub: 'ann', role: 'client' as const, tokenId: 't1', ip: '192.0.2.1' };
  return { at: Date.now(), requestId: 'r', action: 'task.create', target: 'a', outcome: 'ok', ...who, ...changes };
}

function order(hash: string, changes: Partial<EnrolmentOrder> = {}): EnrolmentOrder {
  return { hash, hostId: null, tokenSeconds: 60, expiresAt: Date.now() + 60_000, madeBy: '', ...changes };
}

const all: AuditQuery = { limit: 100 };

describe('[R25] revoked tokens', () => {
  it('stay revoked, also when the object starts anew; others and other pools are not touched', async () => {
    const access = env.ACCESS.getByName('revoked');
    expect(await access.isRevoked('t')).toBe(false);
    expect([await access.revoke('t', 'root'), await access.revoke('t', 'root')]).toEqual([true, true]);
    await evictDurableObject(access);
    expect([await access.isRevoked('t'), await access.isRevoked('T')]).toEqual([true, false]);
    expect(await env.ACCESS.getByName('another').isRevoked('t')).toBe(false);
  });

  it('have a share for each who revokes: a stolen token cannot use up the others’', async () => {
    const access = env.ACCESS.getByName('shares');
    await runInDurableObject(access, (_object, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
          INSERT INTO revoked SELECT 'made up ' || i, 'thief', 1 FROM n`,
        MAX_REVOKED_TOKENS,
      );
    });
    expect(await access.revoke('one more', 'thief')).toBe(false);
    expect(await access.revoke('made up 1', 'thief')).toBe(true);
    expect(await access.revoke('the thief’s', 'root')).toBe(true);
    expect(await access.isRevoked('the thief’s')).toBe(true);
  });
});

describe('[R26] enrolment codes', () => {
  const LATER = Date.now() + 600_000;

  it('work once; a repeat of the same request is answered alike', async () => {
    const access = env.ACCESS.getByName('once');
    await access.openEnrolment(order('h'));
    expect(await access.enrolment('h')).toEqual({ hostId: null, tokenSeconds: 60 });
    expect(await access.redeem('h', 'box', LATER, 'r1')).toEqual({ kind: 'ok' });
    expect(await access.redeem('h', 'box', LATER, 'r1')).toEqual({ kind: 'ok' });
    expect(await access.redeem('h', 'box', LATER, 'r2')).toEqual({ kind: 'unknown' });
    expect(await access.enrolment('h')).toBeNull();
  });

  it('are for the host that they name', async () => {
    const access = env.ACCESS.getByName('pinned');
    await access.openEnrolment(order('h', { hostId: 'box' }));
    expect(await access.enrolment('h')).toEqual({ hostId: 'box', tokenSeconds: 60 });
    expect(await access.redeem('h', 'other', LATER, 'r1')).toEqual({ kind: 'unknown' });
    expect(await access.redeem('h', 'box', LATER, 'r2')).toEqual({ kind: 'ok' });
  });

  it('that name none make nobody a host for which there is a token or a code, connected or not', async () => {
    const access = env.ACCESS.getByName('taken');
    for (const hash of ['a', 'b', 'c', 'd']) await access.openEnrolment(order(hash));
    expect(await access.redeem('a', 'box', LATER, 'r1')).toEqual({ kind: 'ok' });
    expect(await access.redeem('b', 'box', LATER, 'r2')).toEqual({ kind: 'taken' });
    await access.noteHost('by-hand', LATER);
    expect(await access.redeem('b', 'by-hand', LATER, 'r3')).toEqual({ kind: 'taken' });
    await access.openEnrolment(order('pinned', { hostId: 'expected' }));
    expect(await access.redeem('b', 'expected', LATER, 'r4')).toEqual({ kind: 'taken' });
    // Still good, for a name that is nobody's; also one whose tokens are over or revoked.
    await access.noteHost('old', Date.now() - 1);
    expect(await access.redeem('b', 'old', LATER, 'r5')).toEqual({ kind: 'ok' });
    await access.forgetHost('by-hand');
    expect(await access.redeem('c', 'by-hand', LATER, 'r6')).toEqual({ kind: 'ok' });
  });

  it('expire, and are nothing in another pool', async () => {
    const access = env.ACCESS.getByName('expired');
    await access.openEnrolment(order('h', { expiresAt: Date.now() - 1 }));
    await access.openEnrolment(order('good'));
    expect(await access.redeem('h', 'box', LATER, 'r')).toEqual({ kind: 'unknown' });
    expect(await env.ACCESS.getByName('elsewhere').redeem('good', 'box', LATER, 'r')).toEqual({ kind: 'unknown' });
  });

  it('do not outlive the token that made them, nor the revocation of their host’s tokens', async () => {
    const access = env.ACCESS.getByName('outlived');
    await access.openEnrolment(order('h', { madeBy: 'stolen' }));
    await access.openEnrolment(order('pinned', { hostId: 'box' }));
    await access.revoke('stolen', 'root');
    await access.forgetHost('box');
    expect(await access.redeem('h', 'a', LATER, 'r1')).toEqual({ kind: 'unknown' });
    expect(await access.redeem('pinned', 'box', LATER, 'r2')).toEqual({ kind: 'unknown' });
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

  it('looks at a bounded number of entries for one page, and goes on behind them', async () => {
    const access = env.ACCESS.getByName('scan');
    await access.record(entry({ sub: 'first' }));
    await runInDurableObject(access, (_object, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
          INSERT INTO audit (at, record) SELECT at, json_set(record, '$.sub', 'other') FROM n, audit WHERE seq = 1`,
        MAX_AUDIT_SCAN + 10,
      );
    });
    const first = await access.audit({ ...all, sub: 'first' });
    expect([first.entries, first.nextCursor]).toEqual([[], String(MAX_AUDIT_SCAN + 11 - MAX_AUDIT_SCAN + 1)]);
    const next = await access.audit({ ...all, sub: 'first', cursor: Number(first.nextCursor) });
    expect([next.entries.map(({ seq }) => seq), next.nextCursor]).toEqual([[1], null]);
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
