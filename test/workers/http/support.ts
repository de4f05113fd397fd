import { env } from 'cloudflare:workers';
import type { Hono } from 'hono';
import { SignJWT } from 'jose';
import type { Env } from '../../../worker/env.ts';
import { createApp } from '../../../worker/http/app.ts';
import { addressFromEdge } from '../../../worker/http/client-address.ts';
import type { AppEnv } from '../../../worker/http/context.ts';
import type { Fetchable } from '../../../worker/http/objects.ts';
import { limitsOfEdge } from '../../../worker/http/rate-limit.ts';
import type { HostForWorker, LogApi, SchedulerForWorker, TaskView } from '../../../worker/rpc.ts';
import type { AccessApi } from '../../../worker/rpc-access.ts';

export const SECRET = 'a-secret-of-these-tests-0123456789-abcdef';

const untouched = async (): Promise<never> => {
  throw new Error('an object was touched');
};

/** One end of a socket whose other end says nothing. */
export function openSocket(): WebSocket {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  return client;
}

export interface Fakes {
  scheduler?: Partial<SchedulerForWorker>;
  host?: Partial<HostForWorker & Fetchable>;
  log?: Partial<LogApi & Fetchable>;
  access?: Partial<AccessApi & Fetchable>;
  /** Names under which objects were asked for. */
  names?: string[];
}

/** The app over objects of which only the given methods may be called; any other call ends in a 500. */
export function appWith(fakes: Fakes = {}): Hono<AppEnv> {
  const scheduler: SchedulerForWorker = {
    createTask: untouched,
    getTask: untouched,
    listTasks: untouched,
    abortTask: untouched,
    inputTask: untouched,
    finishTask: untouched,
    listApprovals: untouched,
    decideApproval: untouched,
    listHosts: untouched,
    getHost: untouched,
    patchHostConfig: untouched,
    figures: untouched,
    ...fakes.scheduler,
  };
  const host: HostForWorker & Fetchable = {
    lastSeen: untouched,
    revokeTokens: untouched,
    revokeToken: untouched,
    revokedAt: untouched,
    fetch: untouched,
    ...fakes.host,
  };
  const log: LogApi & Fetchable = {
    append: untouched,
    appendStatus: untouched,
    ackedSeq: untouched,
    read: untouched,
    archive: untouched,
    bodies: untouched,
    fetch: untouched,
    ...fakes.log,
  };
  const access: AccessApi & Fetchable = {
    isRevoked: async () => false,
    revoke: untouched,
    openEnrolment: untouched,
    enrolment: untouched,
    redeem: untouched,
    noteHost: async () => {},
    forgetHost: async () => {},
    record: async () => {},
    audit: untouched,
    fetch: async () => new Response(null, { status: 101, webSocket: openSocket() }),
    ...fakes.access,
  };
  const named = <T>(name: string, object: T): T => {
    fakes.names?.push(name);
    return object;
  };
  return createApp({
    clientAddress: addressFromEdge,
    rateLimits: limitsOfEdge,
    objects: () => ({
      scheduler: (pool) => named(pool, scheduler),
      host: (pool, hostId) => named(`${pool}/${hostId}`, host),
      access: () => access,
      log: (name) => named(name, log),
    }),
  });
}

export function envWith(changes: Partial<Env> = {}): Env {
  return {
    ...env,
    API_LIMIT: undefined,
    CONNECT_LIMIT: undefined,
    CREATE_LIMIT: undefined,
    ENROL_LIMIT: undefined,
    JWT_SECRET: SECRET,
    ...changes,
  };
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** A token with these claims beside `sub`, `iat` and `exp`; `undefined` leaves one out. */
export function token(claims: Record<string, unknown>, secret = SECRET): Promise<string> {
  const payload = { sub: 'someone', iat: nowSeconds(), exp: nowSeconds() + 600, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(secret));
}

export async function bearer(claims: Record<string, unknown>): Promise<{ authorization: string }> {
  return { authorization: `Bearer ${await token(claims)}` };
}

export function viewOf(id: string, changes: Partial<TaskView['task']> = {}): TaskView {
  return {
    task: { id, status: 'queued', prompt: 'do it', agentType: 'opencode', attempt: 0, createdAt: 1, ...changes },
    log: 'default/2026-11-17/0',
    archived: false,
    isScoped: false,
  };
}
