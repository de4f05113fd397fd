import type { Context, MiddlewareHandler } from 'hono';
import type { AuditAction, AuditRecord } from '../../shared/api/access.ts';
import { TASK_ID_PATTERN } from '../../shared/ids.ts';
import { MAX_REFUSALS_RECORDED } from '../../shared/limits.ts';
import { RateWindows } from '../domain/rate-window.ts';
import type { AppEnv } from './context.ts';
import { foreseen } from './errors.ts';
import { retrying } from './retry.ts';

/** In place of a target that is no id: whatever stood in the path may be anything, also a secret. */
const NO_ID = '(no id)';

/** Refusals of each caller: beyond their share what others did stays in the audit, and the server's own log says so once a minute. */
const refusals = new RateWindows(MAX_REFUSALS_RECORDED);
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
    try {
      const caller = JSON.stringify([pool, who.role, who.sub, who.tokenId]);
      if (outcome !== 'ok' && refusals.take(caller, now) > 0) {
        if (overflows.take(caller, now) > 0) return;
        throw new Error('too many refusals of this caller; others follow');
      }
      await retrying(() => c.get('objects').access(pool).record(entry));
    } catch (error) {
      console.error(JSON.stringify({ event: 'audit_not_recorded', pool, entry, error: String(error) }));
    }
  };
}

function outcomeOf(c: Context<AppEnv>): string {
  if (c.error !== undefined) return foreseen(c.error)?.code ?? 'internal';
  return c.res.status < 400 ? 'ok' : `http_${c.res.status}`;
}
