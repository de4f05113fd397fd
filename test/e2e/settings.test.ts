import { afterAll, expect, test } from 'vitest';
import { refusal, V1Host } from '../conformance/v1-host/host.ts';
import type { Server } from './harness/server.ts';
import { World } from './harness/world.ts';

const world = new World();
afterAll(() => world.close());

async function host(server: Server, hostId: string, pool?: string): Promise<V1Host> {
  const connected = await V1Host.connect({
    url: server.webSocketUrl,
    hostId,
    token: server.hostToken(hostId, pool),
  });
  expect((await connected.register()).ok).toBe(true);
  return connected;
}

test('[C5] MAX_HOSTS_PER_IP: one too many gets 429, and may come when another has left', async () => {
  const server = await world.server({ MAX_HOSTS_PER_IP: '2' });
  const api = server.api();
  const dial = (hostId: string) => ({ url: server.webSocketUrl, hostId, token: server.hostToken(hostId) });
  const first = await host(server, 'h1');
  await host(server, 'h2');
  expect(await refusal(dial('h3'))).toBe(429);
  // One that is connected already may replace its connection.
  await host(server, 'h2');
  await first.close();
  await api.untilHost('h1', 'offline');
  await host(server, 'h3');
});

test('[C5] MAX_QUEUED_TASKS: 429 queue_full, and room again after an abort', async () => {
  const server = await world.server({ MAX_QUEUED_TASKS: '2' });
  const api = server.api();
  const body = { prompt: 'p', hostId: 'nobody' };
  const { id } = await api.createTask(body);
  await api.createTask(body);
  const reply = await api.request('POST', '/api/tasks', { body });
  expect(reply).toMatchObject({ status: 429, body: { error: { code: 'queue_full' } } });
  expect(await api.abort(id)).toBe(202);
  await api.createTask(body);
});

test('[C5] QUEUE_TIMEOUT_MS: failed, queue_timeout', async () => {
  const server = await world.server({ QUEUE_TIMEOUT_MS: '500' });
  const api = server.api();
  const { id } = await api.createTask({ prompt: 'p', hostId: 'nobody' });
  expect(await api.untilStatus(id, 'failed')).toMatchObject({ attempt: 0, error: { code: 'queue_timeout' } });
});

test('[C5] TASK_TIMEOUT_MS is what a host is told where a task names no limit', async () => {
  const server = await world.server({ TASK_TIMEOUT_MS: '54321' });
  const api = server.api();
  const worker = await host(server, 'h1');
  const { id } = await api.createTask({ prompt: 'p', hostId: 'h1' });
  expect((await worker.next('task:execute', id)).task.timeout).toBe(54_321);
});

test('[R5] more than three replacements within a minute while the current one answers: 429', async () => {
  const server = await world.server();
  const dial = { url: server.webSocketUrl, hostId: 'twin', token: server.hostToken('twin') };
  for (let index = 0; index < 4; index += 1) await host(server, 'twin');
  expect(await refusal(dial)).toBe(429);
});

test('[L10] the same host id in two pools is two hosts', async () => {
  const server = await world.server();
  const [red, blue] = [server.api({ pool: 'red' }), server.api({ pool: 'blue' })];
  const redHost = await host(server, 'box', 'red');
  const blueHost = await host(server, 'box', 'blue');
  const { id } = await red.createTask({ prompt: 'for red', hostId: 'box' });
  await redHost.next('task:execute', id);
  redHost.completed(id);
  await red.untilStatus(id, 'completed');
  expect(blueHost.inbox.all.map((frame) => frame.type)).toEqual(['registered']);
  expect((await blue.request('GET', `/api/tasks/${id}`)).status).toBe(404);
  expect((await blue.request('POST', `/api/tasks/${id}/abort`)).status).toBe(404);
  await redHost.close();
  await red.untilHost('box', 'offline');
  expect(await blue.host('box')).toMatchObject({ status: 'online' });
});

test('[C3] without a usable secret: 503, never 401', async () => {
  const server = await world.server({ JWT_SECRET: 'too-short' });
  const reply = await server.api().request('GET', '/api/tasks');
  expect(reply).toMatchObject({ status: 503, body: { error: { code: 'not_ready' } } });
  expect((await server.api().request('GET', '/api/tasks', { token: 'bad' })).status).toBe(503);
  expect(await refusal({ url: server.webSocketUrl, hostId: 'h', token: 'bad' })).toBe(503);
});
