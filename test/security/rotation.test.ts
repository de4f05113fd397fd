import { existsSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Api } from '../e2e/harness/api.ts';
import { script } from '../e2e/harness/prompt.ts';
import type { Server } from '../e2e/harness/server.ts';
import { mintToken, randomSecret } from '../e2e/harness/tokens.ts';
import { untilTrue } from '../e2e/harness/wait.ts';
import { World } from '../e2e/harness/world.ts';

const world = new World();
afterAll(() => world.close());

/** Writes what it was given into a file of its directory: what it prints is redacted. */
const WRITER = { protocol: 'text', command: ['/bin/sh', '-c', 'printf %s "$S" > "$F.new"; mv "$F.new" "$F"'] };
const agents = { writer: WRITER };

/** The server again, with another secret; `keepOld`: the one before still counts. */
async function rotate(server: Server, secret: string, keepOld: boolean): Promise<void> {
  await server.stop();
  await server.startAgain({ JWT_SECRET: secret, JWT_SECRET_PREVIOUS: keepOld ? server.secret : '' });
}

describe('[C3] another JWT_SECRET, with the one before as JWT_SECRET_PREVIOUS', () => {
  it('while hosts are connected and tasks run: nothing is refused and nothing is lost', async () => {
    const server = await world.server();
    const old = server.api();
    const daemon = await world.onlineDaemon(server, { agents });
    const gate = join(world.dir, world.name('gate'));
    const running = await old.createTask(script(['print one', `wait ${gate}`, 'print two'], { hostId: daemon.hostId }));
    await old.untilStatus(running.id, 'running');
    const file = join(world.dir, world.name('file'));
    const waits = {
      prompt: 'write',
      agentType: 'writer',
      hostId: 'later',
      env: { S: 'a value with "quotes"', F: file },
    };
    const waiting = await old.createTask(waits);

    const secret = randomSecret();
    await rotate(server, secret, true);
    const fresh = new Api(server.url, mintToken(secret, { sub: 'tester', role: 'admin' }));
    await fresh.untilHost(daemon.hostId, 'busy');
    writeFileSync(gate, '');
    expect(await fresh.untilStatus(running.id, 'completed')).toMatchObject({ attempt: 1 });
    // Made before, with the old secret, and still good.
    expect((await old.task(running.id)).id).toBe(running.id);

    world.daemon({
      serverUrl: server.webSocketUrl,
      hostId: 'later',
      token: mintToken(secret, { sub: 'later', role: 'host' }),
      agents,
    });
    await fresh.untilStatus(waiting.id, 'completed');
    await untilTrue('the agent has written', () => existsSync(file));
    expect(await readFile(file, 'utf8')).toBe('a value with "quotes"');
  });

  it('[R24] when the old one counts no more, its tokens are refused and what it had encrypted fails with a reason', async () => {
    const server = await world.server();
    const old = server.api();
    const waiting = await old.createTask({ prompt: 'write', agentType: 'writer', env: { S: 'value' } });
    const plain = await old.createTask(script(['print plain']));
    const secret = randomSecret();
    await rotate(server, secret, false);
    expect((await old.request('GET', '/api/tasks')).status).toBe(401);
    const fresh = new Api(server.url, mintToken(secret, { sub: 'tester', role: 'admin' }));
    await world.onlineDaemon(server, {
      agents,
      hostId: 'box',
      token: mintToken(secret, { sub: 'box', role: 'host' }),
      api: fresh,
    });
    await fresh.untilStatus(plain.id, 'completed');
    const failed = await fresh.untilStatus(waiting.id, 'failed');
    expect(failed.error).toMatchObject({ code: 'env_unreadable', message: expect.stringContaining('Create it again') });
  });
});
