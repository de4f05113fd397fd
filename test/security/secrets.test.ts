import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Daemon } from '../e2e/harness/daemon.ts';
import type { Server } from '../e2e/harness/server.ts';
import { World } from '../e2e/harness/world.ts';

/** Holds what a shell, JSON and a URL would each write otherwise. */
const SECRET = 'cörrect "horse" & battery/staple';
const OWNERS = 'an-owners-own-password';

const ACP_AGENT = fileURLToPath(new URL('../support/acp-agent.ts', import.meta.url));

/** Says the secret in every way: in two writes, on stderr, in JSON, in a URL, in a file's name; then fails. */
const LEAKY = `
  const { S: secret, PASSWORD_OF_OWNER: owners } = process.env;
  process.stdout.write('halves ' + secret.slice(0, 9));
  setTimeout(() => {
    console.log(secret.slice(9) + ' and more');
    console.log(JSON.stringify({ nested: JSON.stringify({ secret }) }));
    console.log('https://host/?q=' + encodeURIComponent(secret));
    console.log('owners', owners);
    console.error('failed with', secret);
    process.exitCode = 3;
  }, 50);
`;

const world = new World();
let server: Server;
let daemon: Daemon;
beforeAll(async () => {
  server = await world.server();
  daemon = await world.onlineDaemon(server, {
    agents: {
      leaky: { protocol: 'text', command: [process.execPath, '-e', LEAKY] },
      acp: { protocol: 'acp', command: [process.execPath, ACP_AGENT] },
    },
    env: { GATEWAY_PASS_ENV: '*_OWNER', GATEWAY_SECRET_ENV: '*_OF_OWNER', PASSWORD_OF_OWNER: OWNERS },
  });
});
afterAll(() => world.close());

/** All that the API tells of the task, once it has ended. */
async function toldOf(body: Record<string, unknown>): Promise<string> {
  const api = server.api();
  const { id } = await api.createTask({ ...body, env: { S: SECRET } });
  const log = await api.finishedLog(id);
  const ended = await api.untilTask('ended', id, ({ finishedAt }) => finishedAt !== undefined);
  return JSON.stringify([log, ended]);
}

/** What of a secret none may see, in whatever form it is written. */
const PARTS = ['horse', 'battery', 'staple', 'password'];

describe('[R23] a secret that the agent prints', () => {
  it('never leaves the host: not by its output, its errors or its result, nor in halves, JSON or a URL', async () => {
    const told = await toldOf({ prompt: 'any', agentType: 'leaky' });
    for (const part of PARTS) expect(told).not.toContain(part);
    expect(told).toContain('halves [redacted] and more');
    expect(told).toContain('owners [redacted]');
    expect(told).toContain('failed with [redacted]');
    expect(told).toContain('"redacted":5');
  });

  it('never leaves the host when it comes in pieces, each in a line of JSON of its own', async () => {
    const told = await toldOf({ prompt: `say It is ${SECRET}, I think.`, agentType: 'acp' });
    expect(told).toContain('It is [redacted], I think.');
    // The prompt is the client's own word; what the agent said of it is not.
    expect(told.replaceAll(/"prompt":"(\\.|[^"\\])*"/g, '')).not.toMatch(/horse|battery|staple/);
  });

  it('is not in what the daemon logs', () => {
    for (const part of PARTS) expect(daemon.child.output()).not.toContain(part);
  });
});
