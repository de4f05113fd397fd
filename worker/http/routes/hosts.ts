import type { Context, Hono } from 'hono';
import { configPatchSchema } from '../../../shared/api/hosts.ts';
import type { HostStatus } from '../../../shared/host.ts';
import type { SchedulerForWorker } from '../../rpc.ts';
import { audited } from '../audit.ts';
import { allow, authenticate } from '../auth.ts';
import { readJson } from '../body.ts';
import type { AppEnv } from '../context.ts';
import { notFound } from '../errors.ts';
import { refreshAll, refreshOne } from '../last-seen.ts';
import { hostIdParam } from '../params.ts';
import { resource } from '../resource.ts';
import { retrying } from '../retry.ts';
import { asSeen } from '../scope.ts';

function schedulerOf(c: Context<AppEnv>): SchedulerForWorker {
  return c.get('objects').scheduler(c.get('claims').pool);
}

function lastSeenOf(c: Context<AppEnv>): (hostId: string) => Promise<number | null> {
  return (hostId) => c.get('objects').host(c.get('claims').pool, hostId).lastSeen();
}

/** `GET /api/hosts`: every host of the pool; `lastHeartbeat` at most `HEARTBEAT_TIMEOUT_MS` old. */
async function list(c: Context<AppEnv>): Promise<Response> {
  const hosts = await asSeen(c, await retrying(() => schedulerOf(c).listHosts()));
  const staleBefore = Date.now() - c.get('settings').HEARTBEAT_INTERVAL_MS;
  const fresh: HostStatus[] = await refreshAll(hosts, staleBefore, lastSeenOf(c));
  return Response.json(fresh);
}

/** `GET /api/hosts/:id`: one, as its connection sees it now. */
async function read(c: Context<AppEnv>): Promise<Response> {
  const hostId = hostIdParam(c);
  const known = await retrying(() => schedulerOf(c).getHost(hostId));
  const [host] = await asSeen(c, known === null ? [] : [known]);
  if (host === undefined) throw notFound('host');
  return Response.json(await refreshOne(host, lastSeenOf(c)));
}

/** `PATCH /api/hosts/:id/config`: the merged configuration. */
async function patchConfig(c: Context<AppEnv>): Promise<Response> {
  const hostId = hostIdParam(c);
  const patch = await readJson(c.req.raw, configPatchSchema(c.get('settings').HEARTBEAT_TIMEOUT_MS));
  const config = await retrying(() => schedulerOf(c).patchHostConfig(hostId, patch));
  if (config === null) throw notFound('host');
  return Response.json(config);
}

export function hostRoutes(app: Hono<AppEnv>): void {
  const mayRead = [authenticate, allow('client', 'admin')];
  resource(app, '/api/hosts', { GET: [...mayRead, list] });
  resource(app, '/api/hosts/:id', { GET: [...mayRead, read] });
  resource(app, '/api/hosts/:id/config', {
    PATCH: [authenticate, audited('host.configure'), allow('admin'), patchConfig],
  });
}
