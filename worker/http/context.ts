import type { AuditRecord } from '../../shared/api/access.ts';
import type { ServerSettings } from '../../shared/settings.ts';
import type { Claims } from '../../shared/token.ts';
import type { Env } from '../env.ts';
import type { Objects } from './objects.ts';
import type { RateLimits } from './rate-limit.ts';
import type { RefusalLog } from './refusal-log.ts';
import type { Revocations } from './revocations.ts';

/** Whom the audit names. */
export interface Actor extends Pick<AuditRecord, 'sub' | 'role' | 'tokenId'> {
  pool: string;
}

/** Hono's types for this app: bindings, and what the middleware leaves for the routes. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** The client's address; empty when the platform names none. */
    ip: string;
    objects: Objects;
    settings: ServerSettings;
    revocations: Revocations;
    rateLimits: RateLimits;
    refusalLog: RefusalLog;
    /** Who calls, for the audit; nobody until something has been verified. */
    actor: Actor | undefined;
    /** What the call was about, for the audit; set by a route that does not name it in its path. */
    auditTarget: string | undefined;
    /** Id of the token that it has made, for the audit. */
    auditMade: string | undefined;
    /** Set behind `authenticate`. */
    claims: Claims;
  };
}

/** What the app is composed of; the entry points differ in these alone. */
export interface AppDeps {
  objects: (env: Env) => Objects;
  /** The address of the client, from something that the client cannot write. */
  clientAddress: (request: Request, env: Env) => string;
  /** Asked once for each `env`. */
  rateLimits: (env: Env, settings: ServerSettings) => RateLimits;
}
