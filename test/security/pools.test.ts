import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Api } from '../e2e/harness/api.ts';
import { script } from '../e2e/harness/prompt.ts';
import type { Server } from '../e2e/harness/server.ts';
import { World } from '../e2e/harness/world.ts';
import { openSocketStatus } from './attack.ts';

const world = new World();
let server: Server;
let victim: Api;
/** As powerful as it gets, in a pool of its own. */
let attacker: Api;
let running: string;
let ended: string;
let hostId: string;
const WORD = 'the-victims-own-words';
beforeAll(async () => {
  server = await world.server();
  victim = server.api({ pool: 'victim' });
  attacker = server.api({ pool: 'attacker' });
  ({ hostId } = await world.onlineDaemon(server, { pool: 'victim' }));
  ended = (await victim.createTask(script([`print ${WORD}`], { metadata: { [WORD]: WORD } }))).id;
  await victim.untilStatus(ended, 'completed');
  running = (await victim.createTask(script([`print ${WORD}`, 'sleep 600000']))).id;
  await victim.untilStatus(running, 'running');
});
afterAll(() => world.close());

/** In the form of a task's id, and of a host's. */
const NOBODY = '00000000-0000-4000-8000-000000000000';

const CROSSINGS: [method: string, path: () => string, body?: unknown][] = [
  ['GET', () => `/api/tasks/${running}`],
  ['GET', () => `/api/tasks/${ended}`],
  ['GET', () => `/api/tasks/${ended}/events`],
  ['GET', () => `/api/tasks/${running}/events?after=0&limit=10`],
  ['POST', () => `/api/tasks/${running}/abort`],
  ['POST', () => `/api/tasks/${running}/input`, { content: 'mine' }],
  ['POST', () => `/api/tasks/${running}/finish`],
  ['GET', () => `/api/tasks/${running}/approvals`],
  ['POST', () => `/api/tasks/${running}/approvals/0`, { decision: 'allow' }],
  ['GET', () => `/api/hosts/${hostId}`],
  ['PATCH', () => `/api/hosts/${hostId}/config`, { maxRetries: 9 }],
];

describe('[L10] an administrator of another pool, with the right ids', () => {
  it.each(CROSSINGS)('%s %s answers 404, as for an id that there is not', async (method, path, body) => {
    const reply = await attacker.request(method, path(), body === undefined ? {} : { body });
    const known = [running, ended, hostId].find((id) => path().includes(id)) ?? '';
    const unknown = await attacker.request(method, path().replace(known, NOBODY), body === undefined ? {} : { body });
    expect(reply.status).toBe(404);
    expect(reply.body).toEqual(unknown.body);
    expect(JSON.stringify([reply.body, [...reply.headers]])).not.toContain(WORD);
  });

  it('follows no log, by SSE or by WebSocket', async () => {
    const path = `/api/tasks/${running}/events`;
    const sse = await attacker.request('GET', path, { headers: { accept: 'text/event-stream' } });
    expect(sse.status).toBe(404);
    expect(await openSocketStatus(server.url, path, attacker.token)).toBe(404);
  });

  it('sees nothing in lists, whatever it asks for', async () => {
    const cursor = (await victim.listTasks('?limit=1')).nextCursor;
    for (const query of ['', `?hostId=${hostId}`, '?status=running', `?cursor=${cursor}`, '?cursor=999999999'])
      expect((await attacker.request('GET', `/api/tasks${query}`)).body).toEqual({ tasks: [], nextCursor: null });
    expect(await attacker.hosts()).toEqual([]);
    const figures = await (
      await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${attacker.token}` } })
    ).text();
    expect(figures).toContain('agent_gateway_tasks_created_total 0\n');
    expect(figures).toContain('agent_gateway_hosts{status="busy"} 0\n');
  });

  it('cannot have its task run there: by host, by label, in its session, as a follow-up', async () => {
    const byHost = await attacker.createTask(script(['print x'], { hostId }));
    expect(byHost.waiting).toMatchObject({ reason: 'unknown_host' });
    const anywhere = await attacker.createTask(script(['print x']));
    expect(anywhere).toMatchObject({ status: 'queued' });
    const follow = await attacker.request('POST', '/api/tasks', { body: { prompt: 'x', continueTask: ended } });
    const unknown = await attacker.request('POST', '/api/tasks', {
      body: { prompt: 'x', continueTask: NOBODY },
    });
    expect([follow.status, JSON.stringify(follow.body).replaceAll(ended, NOBODY)]).toEqual([
      unknown.status,
      JSON.stringify(unknown.body),
    ]);
    expect((await attacker.task(anywhere.id)).hostId).toBeUndefined();
  });

  it('steals no task by its Idempotency-Key, even with the same sub', async () => {
    const headers = { 'idempotency-key': 'a-guessable-key' };
    const mine = await victim.createTask({ prompt: WORD, hostId: 'nobody' }, headers);
    const theirs = await attacker.createTask({ prompt: WORD, hostId: 'nobody' }, headers);
    expect(theirs.id).not.toBe(mine.id);
  });

  it('revokes no token of a host of the same name', async () => {
    const reply = await attacker.request('DELETE', `/api/hosts/${hostId}/tokens`);
    expect(reply.status).toBe(204);
    expect(await victim.host(hostId)).toMatchObject({ status: 'busy' });
  });

  it('has changed nothing', async () => {
    expect(await victim.task(running)).toMatchObject({ status: 'running', attempt: 1 });
    expect(JSON.stringify(await victim.log(running))).not.toContain('mine');
  });
});
