import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Api } from '../e2e/harness/api.ts';
import { script } from '../e2e/harness/prompt.ts';
import type { Server } from '../e2e/harness/server.ts';
import { World } from '../e2e/harness/world.ts';
import { openSocketStatus } from './attack.ts';

const world = new World();
let server: Server;
let whole: Api;
/** Narrowed to the host `mine`, and to the hosts labelled `team=red`. */
let byHost: Api;
let byLabel: Api;
let theirs: string;
beforeAll(async () => {
  server = await world.server();
  whole = server.api({ role: 'client', sub: 'whole' });
  byHost = server.api({ role: 'client', sub: 'by-host', hosts: ['mine'] });
  byLabel = server.api({ role: 'client', sub: 'by-label', labels: { team: 'red' } });
  await world.onlineDaemon(server, { hostId: 'mine', maxConcurrent: 4 });
  await world.onlineDaemon(server, { hostId: 'red', env: { GATEWAY_LABELS: 'team=red' }, maxConcurrent: 4 });
  theirs = (await whole.createTask(script(['print theirs', 'sleep 600000'], { hostId: 'mine' }))).id;
  await whole.untilStatus(theirs, 'running');
});
afterAll(() => world.close());

describe('[R30] a client token that is narrowed', () => {
  it('to hosts: its tasks run there, also when they name none', async () => {
    for (let n = 0; n < 3; n += 1) {
      const { id } = await byHost.createTask(script(['print x']));
      expect(await byHost.untilStatus(id, 'completed')).toMatchObject({ hostId: 'mine', createdBy: 'by-host' });
    }
  });

  it('to labels: the same', async () => {
    for (let n = 0; n < 3; n += 1) {
      const { id } = await byLabel.createTask(script(['print x']));
      expect(await byLabel.untilStatus(id, 'completed')).toMatchObject({ hostId: 'red' });
    }
  });

  it('gets no task to another host, by any of the fields', async () => {
    expect((await byHost.request('POST', '/api/tasks', { body: script(['print x'], { hostId: 'red' }) })).status).toBe(
      403,
    );
    const named = await byLabel.createTask(script(['print x'], { hostId: 'mine' }));
    const labelled = await byLabel.createTask(script(['print x'], { labels: { team: 'blue' } }));
    for (const { id } of [named, labelled]) {
      const { status, waiting } = await byLabel.task(id);
      expect(status).toBe('queued');
      expect(JSON.stringify(waiting)).not.toMatch(/mine.*online|offered/);
      await byLabel.abort(id);
    }
    const continued = await byHost.request('POST', '/api/tasks', { body: { prompt: 'x', continueTask: theirs } });
    expect(continued.status).toBe(400);
  });

  it('has no figures of the whole pool', async () => {
    expect((await byHost.request('GET', '/metrics')).status).toBe(403);
    expect((await whole.request('GET', '/metrics')).status).toBe(200);
  });

  it('sees no other host', async () => {
    expect((await byHost.hosts()).map(({ hostId }) => hostId)).toEqual(['mine']);
    expect((await byLabel.hosts()).map(({ hostId }) => hostId)).toEqual(['red']);
    // Neither its own: what others run there has no ids.
    expect(await byHost.host('mine')).toMatchObject({ status: 'busy', activeTasks: [] });
    expect(await whole.host('mine')).toMatchObject({ activeTasks: [theirs] });
    expect(await byHost.host('red')).toBeUndefined();
    expect((await whole.hosts()).length).toBe(2);
  });

  it.each([
    ['GET', (id: string) => `/api/tasks/${id}`],
    ['GET', (id: string) => `/api/tasks/${id}/events`],
    ['GET', (id: string) => `/api/tasks/${id}/approvals`],
    ['POST', (id: string) => `/api/tasks/${id}/abort`],
    ['POST', (id: string) => `/api/tasks/${id}/input`],
    ['POST', (id: string) => `/api/tasks/${id}/finish`],
    ['POST', (id: string) => `/api/tasks/${id}/approvals/0`],
  ])('knows no task of anybody else, also not on its own host: %s %#', async (method, path) => {
    const body = method === 'GET' ? {} : { body: { content: 'x', decision: 'allow' } };
    const reply = await byHost.request(method, path(theirs), body);
    const unknown = await byHost.request(method, path('00000000-0000-4000-8000-000000000000'), body);
    expect([reply.status, reply.body]).toEqual([404, unknown.body]);
    expect((await whole.task(theirs)).status).toBe('running');
  });

  it('follows no log of anybody else, and lists its own tasks alone', async () => {
    expect(await openSocketStatus(server.url, `/api/tasks/${theirs}/events`, byHost.token)).toBe(404);
    const { tasks } = await byHost.listTasks('?limit=200');
    expect(tasks.length).toBeGreaterThan(0);
    expect(tasks.map(({ id }) => id)).not.toContain(theirs);
    const first = await byHost.listTasks('?limit=1');
    const next = await byHost.listTasks(`?limit=200&cursor=${first.nextCursor}`);
    expect([...first.tasks, ...next.tasks].map(({ id }) => id)).toEqual(tasks.map(({ id }) => id));
    expect((await byHost.request('GET', '/api/tasks?createdBy=whole')).status).toBe(400);
  });

  it.each([
    ['an admin token', { role: 'admin', hosts: ['mine'] }],
    ['a host token', { role: 'host', sub: 'mine', labels: { team: 'red' } }],
    ['no hosts at all', { role: 'client', hosts: [] }],
    ['a host that is none', { role: 'client', hosts: ['../x'] }],
    ['hosts as text', { role: 'client', hosts: 'mine' }],
    ['labels that are none', { role: 'client', labels: ['team=red'] }],
  ])('a narrowing that cannot be kept makes a token that is none: %s', async (_what, claims) => {
    const token = server.token({ sub: 'x', ...claims });
    expect((await whole.request('GET', '/api/tasks', { token })).status).toBe(401);
  });
});
