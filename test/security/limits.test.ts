import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { MAX_STREAMS_PER_TOKEN } from '../../shared/limits.ts';
import type { Api, Reply } from '../e2e/harness/api.ts';
import type { Server } from '../e2e/harness/server.ts';
import { within } from '../e2e/harness/wait.ts';
import { World } from '../e2e/harness/world.ts';
import { openSocketStatus, raw, statusOf, upgradeRequest } from './attack.ts';

const world = new World();
afterAll(() => world.close());

const errorSchema = z.object({ error: z.object({ code: z.string(), details: z.object({ limit: z.string() }) }) });

/** A refusal as every limit gives it: 429, the limit's name, and when to come again. */
function expectRefused(reply: Reply, limit: string): void {
  expect(reply.status).toBe(429);
  expect(errorSchema.parse(reply.body).error.details.limit).toBe(limit);
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
}

/** The same of an upgrade, in the bytes of its answer. */
function expectRefusedUpgrade(answer: string, limit: string): void {
  expect(statusOf(answer)).toBe(429);
  expect(answer).toMatch(/^retry-after: [1-9]/im);
  expect(answer).toContain(`"limit":"${limit}"`);
}

function hostUpgrade(server: Server, hostId: string): Promise<string> {
  const token = `authorization: Bearer ${server.hostToken(hostId)}`;
  return raw(server.url, upgradeRequest(`/agent/ws?hostId=${hostId}`, [token]), /\r\n\r\n.*\}/s);
}

const client = (server: Server, sub: string) => server.api({ sub, role: 'client', jti: randomUUID() });

describe('[R29] what comes too often is refused, with the limit’s name and when to come again', () => {
  it('calls of one token; another one’s go on', async () => {
    const server = await world.server({ MAX_CALLS_PER_MINUTE: '20' });
    const [eve, ann] = [client(server, 'eve'), client(server, 'ann')];
    const replies: Reply[] = [];
    for (let n = 0; n < 21; n += 1) replies.push(await eve.request('GET', '/api/hosts'));
    expect(replies.slice(0, 20).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    for (const reply of [replies[20], await eve.request('POST', '/api/tasks', { body: { prompt: 'x' } })])
      if (reply !== undefined) expectRefused(reply, 'MAX_CALLS_PER_MINUTE');
    expect((await ann.request('GET', '/api/hosts')).status).toBe(200);
  });

  it('calls of one role: a host that is named like an admin does not use up the admin’s', async () => {
    const server = await world.server({ MAX_CALLS_PER_MINUTE: '5' });
    for (let n = 0; n < 10; n += 1) await server.api().request('GET', '/api/hosts', { token: server.hostToken('ops') });
    expect((await server.api({ sub: 'ops' }).request('DELETE', '/api/hosts/ops/tokens')).status).toBe(204);
  });

  it('tasks of one token; nothing else of it', async () => {
    const server = await world.server({ MAX_NEW_TASKS_PER_MINUTE: '3' });
    const eve = client(server, 'eve');
    for (let n = 0; n < 3; n += 1) await eve.createTask({ prompt: 'x' });
    expectRefused(await eve.request('POST', '/api/tasks', { body: { prompt: 'x' } }), 'MAX_NEW_TASKS_PER_MINUTE');
    expect((await eve.listTasks()).tasks).toHaveLength(3);
    expect((await client(server, 'ann').createTask({ prompt: 'x' })).status).toBe('queued');
  });

  it('waiting tasks of a pool', async () => {
    const server = await world.server({ MAX_QUEUED_TASKS: '2' });
    const eve = client(server, 'eve');
    for (let n = 0; n < 2; n += 1) await eve.createTask({ prompt: 'x' });
    expectRefused(await eve.request('POST', '/api/tasks', { body: { prompt: 'x' } }), 'MAX_QUEUED_TASKS');
  });

  it('connections of one host’s token, whatever becomes of them', async () => {
    const server = await world.server({ MAX_CONNECTS_PER_MINUTE: '30' });
    for (let n = 0; n < 30; n += 1)
      expect([101, 429]).toContain(await openSocketStatus(server.url, '/agent/ws?hostId=box', server.hostToken('box')));
    expectRefusedUpgrade(await hostUpgrade(server, 'box'), 'MAX_CONNECTS_PER_MINUTE');
  });

  it('hosts of one address', async () => {
    const server = await world.server({ MAX_HOSTS_PER_IP: '1' });
    await world.onlineDaemon(server);
    expectRefusedUpgrade(await hostUpgrade(server, 'second'), 'MAX_HOSTS_PER_IP');
  });

  it('guesses of enrolment codes from one address', async () => {
    const server = await world.server({ MAX_ENROLMENTS_PER_MINUTE: '5' });
    const guess = () =>
      server.api().request('POST', '/api/enroll', {
        token: null,
        body: { code: `default.${'a'.repeat(16)}.${'b'.repeat(16)}`, hostId: 'x' },
      });
    for (let n = 0; n < 5; n += 1) expect((await guess()).status).toBe(401);
    expectRefused(await guess(), 'MAX_ENROLMENTS_PER_MINUTE');
  });

  it('0 switches a rate off', async () => {
    const server = await world.server({ MAX_CALLS_PER_MINUTE: '0', MAX_NEW_TASKS_PER_MINUTE: '0' });
    expect((await client(server, 'eve').createTask({ prompt: 'x' })).status).toBe('queued');
  });
});

describe('[R29] streams of one token', () => {
  it('beyond their number are refused, and one that ends makes room; others’ are opened, calls answered', async () => {
    const server = await world.server();
    const eve = client(server, 'eve');
    const { id } = await eve.createTask({ prompt: 'x' });
    const sockets = await opened(eve, id, MAX_STREAMS_PER_TOKEN);
    const headers = { accept: 'text/event-stream' };
    expectRefused(await eve.request('GET', `/api/tasks/${id}/events`, { headers }), 'MAX_STREAMS_PER_TOKEN');
    expect(await openSocketStatus(server.url, `/api/tasks/${id}/events`, eve.token)).toBe(429);
    const ann = await client(server, 'ann').watch(id);
    expect(ann.status).toBe(200);
    ann.close();
    expect((await eve.request('GET', `/api/tasks/${id}`)).status).toBe(200);
    const [first] = sockets;
    if (first === undefined) throw new Error('no stream was opened');
    await ended(first);
    expect(await openSocketStatus(server.url, `/api/tasks/${id}/events`, eve.token)).toBe(101);
    await Promise.all(sockets.slice(1).map(ended));
  });
});

/** So many streams of one task, open at the same time. */
async function opened(api: Api, taskId: string, count: number): Promise<WebSocket[]> {
  const url = `${api.url.replace(/^http/, 'ws')}/api/tasks/${taskId}/events`;
  const open = () =>
    new Promise<WebSocket>((resolve, reject) => {
      const socket = new WebSocket(url, { headers: { authorization: `Bearer ${api.token}` } });
      socket.once('open', () => resolve(socket)).once('error', reject);
    });
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    const some = Math.min(50, count - sockets.length);
    sockets.push(...(await within('open', Promise.all(Array.from({ length: some }, open)))));
  }
  return sockets;
}

function ended(socket: WebSocket): Promise<void> {
  return within(
    'close',
    new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.close();
    }),
  );
}
