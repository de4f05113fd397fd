import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join, posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { linksOf } from '../support/markdown.ts';
import { Child } from './harness/child.ts';
import { REPOSITORY } from './harness/repository.ts';
import { untilTrue } from './harness/wait.ts';
import { entryText } from './harness/wire.ts';
import { World } from './harness/world.ts';

/** Packing compiles; installing asks the registry. */
const INSTALL_DEADLINE_MS = 110_000;
/** Tarball and installed tree; a host that only runs tasks should not fetch megabytes. */
const MAX_TARBALL_BYTES = 200_000;
const MAX_INSTALLED_BYTES = 12_000_000;

const world = new World();
const empty = world.directory('empty');
const npmHome = world.directory('npm-home');

/** As on a host: the machine's own Node and npm, none of the checkout's tools. */
const path = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((directory) => !directory.includes('node_modules'))
  .join(delimiter);

/** What a machine needs to reach its registry. */
const network = Object.fromEntries(
  Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE|npm_config_registry)$/i.test(entry[0]),
  ),
);

function start(command: string[], cwd: string, env: Record<string, string> = {}): Child {
  return new Child({ command, cwd, env: { PATH: path, HOME: npmHome, LANG: 'C.UTF-8', ...network, ...env } });
}

async function run(command: string[], cwd: string): Promise<string> {
  const child = start(command, cwd);
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${child.output()}`);
  return child.output();
}

function sizeOf(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

const packedSchema = z.array(
  z.object({ filename: z.string(), size: z.number(), files: z.array(z.object({ path: z.string() })) }),
);

let packed: z.infer<typeof packedSchema>[number] | undefined;

beforeAll(async () => {
  const pack = start(['npm', 'pack', '--json', '--pack-destination', empty], REPOSITORY);
  const { code } = await pack.exited;
  const output = pack.output();
  if (code !== 0) throw new Error(output);
  packed = packedSchema.parse(JSON.parse(output.slice(output.indexOf('[\n'), output.lastIndexOf(']') + 1)))[0];
  writeFileSync(join(empty, 'package.json'), '{"private":true}');
  const began = performance.now();
  await run(['npm', 'install', '--no-audit', '--no-fund', `./${packed?.filename}`], empty);
  const seconds = (performance.now() - began) / 1000;
  const modules = readdirSync(join(empty, 'node_modules')).filter((name) => !name.startsWith('.'));
  console.log(
    `package: ${packed?.size} bytes packed, ${packed?.files.length} files; installed in ${seconds.toFixed(1)} s: ` +
      `${sizeOf(join(empty, 'node_modules'))} bytes, ${modules.join(' ')}`,
  );
}, INSTALL_DEADLINE_MS);
afterAll(() => world.close());

describe('the package', () => {
  test('holds the daemon and what it needs of shared/, and neither worker, tools nor tests', () => {
    const files = packed?.files.map((file) => file.path) ?? [];
    expect(files).toContain('dist/gateway/main.js');
    expect(files).toContain('dist/gateway/supervisor/main.js');
    const others = files.filter(
      (file) =>
        !/^(dist\/(gateway|shared)\/.*\.js|docs\/(deploying|operating|security|settings)\.md|package\.json|README\.md|LICENSE)$/.test(
          file,
        ),
    );
    expect(others).toEqual([]);
    const manual = files.filter((file) => file.startsWith('docs/'));
    const dangling = manual.flatMap((file) =>
      linksOf(readFileSync(join(REPOSITORY, file), 'utf8')).filter(
        ({ target }) => target !== '' && !files.includes(posix.join('docs', target)),
      ),
    );
    expect(dangling).toEqual([]);
    expect(packed?.size).toBeLessThan(MAX_TARBALL_BYTES);
    expect(sizeOf(join(empty, 'node_modules'))).toBeLessThan(MAX_INSTALLED_BYTES);
  });

  test('has three dependencies, which have none, and nothing that runs at installation', () => {
    const names = readdirSync(join(empty, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(names.sort()).toEqual(['@logtape', 'agent-gateway', 'ws', 'zod']);
    const manifest = z
      .looseObject({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(join(empty, 'node_modules/agent-gateway/package.json'), 'utf8')));
    expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  });

  test('--version and --help', async () => {
    const { version } = z
      .looseObject({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')));
    expect((await run(['npx', 'agent-gateway', '--version'], empty)).trim()).toBe(version);
    expect(await run(['npx', 'agent-gateway', '--help'], empty)).toContain('GATEWAY_SERVER_URL');
  });

  test('without a token: exit 2, and one line that says what to do', async () => {
    const child = start(['npx', 'agent-gateway'], empty);
    expect(await child.exited).toMatchObject({ code: 2 });
    expect(child.lines.all.filter((line) => line.includes('GATEWAY_AUTH_TOKEN'))).toHaveLength(1);
  });

  test('connects to a server and runs a task', async () => {
    const server = await world.server();
    const project = world.directory('project');
    const agent = join(world.dir, 'upper.mjs');
    writeFileSync(agent, 'for await (const part of process.stdin) process.stdout.write(String(part).toUpperCase());');
    const config = join(world.dir, 'config.json');
    writeFileSync(config, JSON.stringify({ agents: { upper: { protocol: 'text', command: ['node', agent] } } }));
    mkdirSync(join(project, 'inner'));
    const daemon = start(['npx', 'agent-gateway'], empty, {
      GATEWAY_SERVER_URL: server.url,
      GATEWAY_HOST_ID: 'packed',
      GATEWAY_AUTH_TOKEN: server.hostToken('packed'),
      GATEWAY_CONFIG: config,
      GATEWAY_CWD: project,
    });
    try {
      const api = server.api();
      const task = await api.createTask({ prompt: 'shout\n', agentType: 'upper', cwd: join(project, 'inner') });
      expect(await api.untilStatus(task.id, 'completed')).toMatchObject({ hostId: 'packed', result: { exitCode: 0 } });
      expect((await api.finishedLog(task.id)).map(entryText)).toContain('SHOUT');
    } finally {
      await daemon.killTree();
    }
    const state = join(npmHome, '.local/state/agent-gateway');
    expect(existsSync(state)).toBe(true);
    await untilTrue('nothing is left running', () =>
      world.processes().every(({ command }) => !command.includes('supervisor')),
    );
  });
});
