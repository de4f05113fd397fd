import type { Context, MiddlewareHandler } from 'hono';
import type { AuditAction, AuditRecord } from '../../shared/api/access.ts';
import type { AppEnv } from './context.ts';
import { foreseen } from './errors.ts';
import { retrying } from './retry.ts';

/** Longest target that is kept: a path may hold anything. */
const MAX_TARGET = 128;

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
    const target = c.get('auditTarget') ?? c.req.param('id') ?? c.req.param('tokenId');
    const entry: AuditRecord = {
      at: Date.now(),
      requestId: c.get('requestId'),
      action,
      ...(target === undefined ? {} : { target: target.slice(0, MAX_TARGET) }),
      outcome: outcomeOf(c),
      ...who,
      ip: c.get('ip'),
    };
    try {
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
