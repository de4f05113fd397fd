import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Daemon } from '../e2e/harness/daemon.ts';
import type { Server } from '../e2e/harness/server.ts';
import { untilTrue } from '../e2e/harness/wait.ts';
import { World } from '../e2e/harness/world.ts';
import { readProjectFile } from '../support/source-tree.ts';

/** The example of the documents, word for word: it is what people copy. */
function exampleOfTheDocuments(): string[] {
  const [, section = ''] = readProjectFile('docs/settings.md').split('### A sandbox around agents');
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(section) ?? [];
  return z.object({ wrap: z.array(z.string()) }).parse(JSON.parse(json)).wrap;
}

/** Tries what an agent may not do, and says what came of it. */
const INTRUDER = `
  const { appendFileSync, writeFileSync, readFileSync, readdirSync } = require('node:fs');
  const tried = (what, doIt) => { try { doIt(); console.log(what, 'succeeded'); } catch (error) { console.log(what, error.code); } };
  const prompt = readFileSync(0, 'utf8').trim();
  tried('inside', () => writeFileSync('inside.txt', 'x'));
  tried('outside', () => writeFileSync(prompt, 'x'));
  tried('filter', () => {
    appendFileSync('.git/config', '[filter "evil"]\\n\\tclean = touch ' + prompt + '-by-git\\n');
    writeFileSync('.gitattributes', '* filter=evil\\n');
  });
  tried('home', () => readFileSync(process.env.HOME + '/.ssh/id'));
  console.log('processes', readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name)).length < 5 ? 'own' : 'all');
  setInterval(() => {}, 1000);
`;

const world = new World();
let server: Server;
let daemon: Daemon;
beforeAll(async () => {
  server = await world.server();
  mkdirSync(join(world.home, '.ssh'));
  writeFileSync(join(world.home, '.ssh', 'id'), 'a key');
  const intruder = { protocol: 'text', command: [process.execPath, '-e', INTRUDER] };
  daemon = await world.onlineDaemon(server, { agents: { intruder }, file: { wrap: exampleOfTheDocuments() } });
});
afterAll(() => world.close());

describe('[L9] an agent in the sandbox of the documents', () => {
  it('writes in its directory alone, does not see the home or other processes, and is ended like any other', async () => {
    const api = server.api();
    await promisify(execFile)('git', ['init', '-q'], { cwd: daemon.cwd });
    const outside = join('/var/tmp', `${basename(world.dir)}-outside`);
    const { id } = await api.createTask({ prompt: outside, agentType: 'intruder' });
    const said = async () => JSON.stringify(await api.log(id));
    await untilTrue('all is tried', async () => (await said()).includes('processes'));
    for (const outcome of ['inside succeeded', 'filter succeeded', 'outside EROFS', 'home ENOENT', 'processes own'])
      expect(await said()).toContain(outcome);
    expect(await readFile(join(daemon.cwd, 'inside.txt'), 'utf8')).toBe('x');
    expect(existsSync(outside)).toBe(false);
    await api.abort(id);
    const { result } = await api.untilStatus(id, 'aborted');
    expect(result).toMatchObject({ changesFrom: 'agent' });
    expect(existsSync(`${outside}-by-git`)).toBe(false);
    await untilTrue('its processes are gone', () =>
      world.processes().every(({ command }) => !command.includes('bwrap')),
    );
  });
});
