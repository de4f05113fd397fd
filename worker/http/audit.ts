import type { Context, MiddlewareHandler } from 'hono';
import type { AuditAction, AuditRecord } from '../../shared/api/access.ts';
import { TASK_ID_PATTERN } from '../../shared/ids.ts';
import { MAX_REFUSALS_RECORDED } from '../../shared/limits.ts';
import { RateWindows } from '../domain/rate-window.ts';
import { tokenKey } from './auth.ts';
import type { AppEnv } from './context.ts';
import { foreseen } from './errors.ts';
import { retrying } from './retry.ts';

/** In place of a target that is no id: whatever stood in the path may be anything, also a secret. */
const NO_ID = '(no id)';

/** Refused calls of each caller: beyond their share what others did stays in the audit, and the server's own log says so once a minute. */
const refused = new RateWindows(MAX_REFUSALS_RECORDED);
const overflows = new RateWindows(1);

/**
 * Records the call with its outcome before it is answered, in the pool of who called; what nobody was verified for is in the server's log
 * alone. What was done cannot be undone here: when it cannot be recorded, that log has it too.
 */
export function audited(action: AuditAction): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    await next();
    const actor = c.get('actor');
    if (actor === undefined) return;
    const { pool, ...who } = actor;
    const outcome = outcomeOf(c);
    const target = c.get('auditTarget') ?? c.req.param('id') ?? c.req.param('tokenId');
    const made = c.get('auditMade');
    const now = Date.now();
    const entry: AuditRecord = {
      at: now,
      requestId: c.get('requestId'),
      action,
      ...(target === undefined ? {} : { target: TASK_ID_PATTERN.test(target) ? target : NO_ID }),
      ...(made === undefined ? {} : { made }),
      outcome,
      ...who,
      ip: c.get('ip'),
    };
    if (outcome !== 'ok') {
      const caller = tokenKey({ pool, role: who.role, sub: who.sub, jti: who.tokenId });
      if (refused.take(caller, now) > 0) {
        if (overflows.take(caller, now) === 0)
          logMissing(pool, entry, 'too many refused calls of this caller, more may follow');
        return;
      }
    }
    try {
      await retrying(() => c.get('objects').access(pool).record(entry));
    } catch (error) {
      logMissing(pool, entry, String(error));
    }
  };
}

function logMissing(pool: string, entry: AuditRecord, error: string): void {
  console.error(JSON.stringify({ event: 'audit_not_recorded', pool, entry, error }));
}

function outcomeOf(c: Context<AppEnv>): string {
  if (c.error !== undefined) return foreseen(c.error)?.code ?? 'internal';
  return c.res.status < 400 ? 'ok' : `http_${c.res.status}`;
}
