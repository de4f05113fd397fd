import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { within } from '../../e2e/harness/wait.ts';
import { refusal, refusalOf } from './host.ts';
import { useRig } from './rig.ts';

const rig = useRig({});
const nowSeconds = () => Math.floor(Date.now() / 1000);

describe('[C1] the upgrade', () => {
  const dial = (token: string | null, hostId: string) => refusal({ url: rig.server.webSocketUrl, hostId, token });

  test('[C3] no token, a wrong one, an expired one: 401', async () => {
    const hostId = rig.name();
    const expired = rig.server.token({ sub: hostId, role: 'host', iat: nowSeconds() - 7200, exp: nowSeconds() - 3600 });
    const good = rig.server.hostToken(hostId);
    expect(await dial(null, hostId)).toBe(401);
    expect(await dial('nonsense', hostId)).toBe(401);
    expect(await dial(`${good.slice(0, -4)}AAAA`, hostId)).toBe(401);
    expect(await dial(expired, hostId)).toBe(401);
  });

  test("[C3] another host's token, a client's token: 403", async () => {
    const hostId = rig.name();
    expect(await dial(rig.server.hostToken('somebody-else'), hostId)).toBe(403);
    expect(await dial(rig.server.token({ sub: hostId, role: 'client' }), hostId)).toBe(403);
  });

  test('missing or malformed hostId: 400', async () => {
    const hostId = rig.name();
    const headers = { authorization: `Bearer ${rig.server.hostToken(hostId)}` };
    expect(await refusalOf(new WebSocket(`${rig.server.webSocketUrl}/agent/ws`, { headers }))).toBe(400);
    expect(await dial(rig.server.hostToken(hostId), 'no spaces!')).toBe(400);
  });

  test('[C3] revoked tokens: the socket is closed with 4401, an old token gets 401, a new one connects', async () => {
    const hostId = rig.name();
    const old = rig.server.token({ sub: hostId, role: 'host', iat: nowSeconds() - 60 });
    const host = await rig.host({}, hostId);
    expect((await rig.api.request('DELETE', `/api/hosts/${hostId}/tokens`)).status).toBe(204);
    expect((await within('close', host.closed)).code).toBe(4401);
    expect(await dial(old, hostId)).toBe(401);
    const made = await rig.api.request('POST', `/api/hosts/${hostId}/tokens`, { body: {} });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ token: expect.any(String), expiresAt: expect.any(Number) });
  });
});

describe('[C1] register', () => {
  test('an answer, and the host is listed with what it said', async () => {
    const labels = { os: 'linux', gpu: 'h100' };
    const host = await rig.host({ name: 'build box', agents: ['opencode', 'mine'], maxConcurrent: 3, labels });
    const listed = (await rig.api.hosts()).find((each) => each.hostId === host.hostId);
    expect(listed).toMatchObject({
      name: 'build box',
      status: 'online',
      activeTasks: [],
      capabilities: { name: 'build box', agents: ['opencode', 'mine'], maxConcurrent: 3, cwd: '/srv/project', labels },
    });
    expect(await rig.api.host(host.hostId)).toMatchObject({ hostId: host.hostId, status: 'online' });
  });

  test('unknown fields are ignored', async () => {
    const host = await rig.connect();
    const capabilities = { name: 'x', agents: ['opencode'], maxConcurrent: 1, cwd: '/w', colour: 'red' };
    host.send({ type: 'register', hostId: host.hostId, capabilities, mood: 'good' });
    expect(await host.next('registered')).toEqual({ type: 'registered', ok: true });
  });

  test("another hostId than the URL's: registered {ok: false} and a close", async () => {
    const host = await rig.connect();
    const answer = await host.register({}, 'somebody-else');
    expect(answer.ok).toBe(false);
    expect(answer.error).toEqual(expect.any(String));
    await within('close', host.closed);
    expect(await rig.api.host('somebody-else')).toBeUndefined();
  });

  test('no frame before registered, though a task waits for this host', async () => {
    const hostId = rig.name();
    const { id } = await rig.api.createTask({ prompt: 'early', hostId });
    const host = await rig.connect(hostId);
    expect(await rig.api.task(id)).toMatchObject({ status: 'queued', attempt: 0 });
    expect(host.inbox.all).toEqual([]);
    expect((await host.register()).ok).toBe(true);
    await host.next('task:execute', id);
    expect(host.inbox.all.map((frame) => frame.type)).toEqual(['registered', 'task:execute']);
  });

  test('[R5] the newest connection wins: the older is closed, work goes to the newer', async () => {
    const hostId = rig.name();
    const older = await rig.host({}, hostId);
    const newer = await rig.host({}, hostId);
    await within('close of the older', older.closed);
    await rig.assigned(newer);
    expect(await rig.api.host(hostId)).toMatchObject({ status: 'busy' });
  });

  test('after a close the host is offline at once, and stays listed', async () => {
    const host = await rig.host();
    await host.close();
    await rig.api.untilHost(host.hostId, 'offline');
    expect((await rig.api.hosts()).some((each) => each.hostId === host.hostId)).toBe(true);
  });
});

describe('[C2] config:update', () => {
  test('is sent at once to a connected host, and after registered to one that comes later', async () => {
    const host = await rig.host();
    expect((await rig.api.configure(host.hostId, { heartbeatInterval: 5000 })).status).toBe(200);
    expect((await host.next('config:update')).config).toMatchObject({ heartbeatInterval: 5000 });
    await host.close();
    const reply = await rig.api.configure(host.hostId, { maxRetries: 2 });
    expect(reply).toMatchObject({ status: 200, body: { heartbeatInterval: 5000, maxRetries: 2 } });
    const again = await rig.host({}, host.hostId);
    expect((await again.next('config:update')).config).toMatchObject({ heartbeatInterval: 5000, maxRetries: 2 });
  });

  test('a bad value is refused by name and sent to nobody', async () => {
    const host = await rig.host();
    for (const heartbeatInterval of [999, 30_001]) {
      const reply = await rig.api.configure(host.hostId, { heartbeatInterval });
      expect(reply.status).toBe(400);
      expect(JSON.stringify(reply.body)).toContain('heartbeatInterval');
    }
    await rig.settled(host);
    expect(host.inbox.untaken).toEqual([]);
  });
});
