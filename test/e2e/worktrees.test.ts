import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { Api } from './harness/api.ts';
import type { Daemon } from './harness/daemon.ts';
import { killQuietly } from './harness/proc.ts';
import type { Server } from './harness/server.ts';
import { untilTrue } from './harness/wait.ts';
import { entryText } from './harness/wire.ts';
import { World } from './harness/world.ts';

const ACP = fileURLToPath(new URL('../support/acp-agent.ts', import.meta.url));
const AGENTS = {
  shell: { protocol: 'text', command: ['/bin/sh'] },
  talker: { protocol: 'acp', command: [process.execPath, ACP] },
};
const WORKTREE = { mode: 'worktree' };
const WAIT = (file: string) => `while [ ! -e ${file} ]; do sleep 0.05; done`;

const world = new World();
let server: Server;
let api: Api;
beforeAll(async () => {
  server = await world.server();
  api = server.api();
});
afterAll(() => world.close());

function git(cwd: string, ...args: string[]): string {
  const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
  return execFileSync('git', [...who, ...args], { cwd, encoding: 'utf8' }).trim();
}

/** A daemon whose own directory is a repository with one commit, on the branch `main`. */
async function daemonWith(file: Record<string, unknown> = {}): Promise<Daemon> {
  const daemon = await world.onlineDaemon(server, { agents: AGENTS, file, maxConcurrent: 4 });
  git(daemon.cwd, 'init', '-q', '-b', 'main');
  writeFileSync(join(daemon.cwd, 'file'), 'old\n');
  git(daemon.cwd, 'add', '.');
  git(daemon.cwd, 'commit', '-qm', 'start');
  return daemon;
}

function create(daemon: Daemon, prompt: string, more: Record<string, unknown> = {}) {
  return api.createTask({ agentType: 'shell', prompt, hostId: daemon.hostId, workspace: WORKTREE, ...more });
}

const resultSchema = z.looseObject({ branch: z.string(), commit: z.string(), base: z.string() });

test('[R20] two tasks at once on one repository: two branches, no interference, both diffs right', async () => {
  const daemon = await daemonWith();
  const meeting = world.directory('meeting');
  const work = (mine: string, other: string) =>
    [
      `echo ${mine} > file`,
      `echo ${mine} > ${mine}`,
      `touch ${meeting}/${mine}`,
      WAIT(`${meeting}/${other}`),
      'cat file',
    ].join('\n');
  const tasks = await Promise.all([create(daemon, work('one', 'two')), create(daemon, work('two', 'one'))]);
  const done = await Promise.all(tasks.map(({ id }) => api.untilStatus(id, 'completed')));
  for (const [index, mine] of ['one', 'two'].entries()) {
    const { id = '', result } = done[index] ?? {};
    const { branch, commit, base } = resultSchema.parse(result?.workspace);
    expect(result).toMatchObject({ output: `${mine}\n`, filesChanged: ['file', mine].sort(), changesFrom: 'git' });
    expect(result?.diff).toContain(`-old\n+${mine}\n`);
    expect(branch).toBe(`agent-gateway/${id}.1`);
    expect(git(daemon.cwd, 'rev-parse', branch)).toBe(commit);
    expect(git(daemon.cwd, 'rev-parse', 'main')).toBe(base);
    expect(git(daemon.cwd, 'show', `${branch}:file`)).toBe(mine);
    expect(git(daemon.cwd, 'log', '-1', '--format=%s', branch)).toContain(id);
  }
  expect(git(daemon.cwd, 'status', '--porcelain')).toBe('');
  expect(readFileSync(join(daemon.cwd, 'file'), 'utf8')).toBe('old\n');
  const log = await api.finishedLog(tasks[0]?.id ?? '');
  expect(log.map(entryText).filter((text) => text.includes('at work in this directory'))).toEqual([]);
});

test('[R20] it begins at its base, in the same directory below it; what cannot be made says why', async () => {
  const daemon = await daemonWith();
  const { hostId, cwd } = daemon;
  git(cwd, 'checkout', '-qb', 'other');
  execFileSync('mkdir', [join(cwd, 'sub')]);
  writeFileSync(join(cwd, 'sub/inner'), 'inner\n');
  git(cwd, 'add', '.');
  git(cwd, 'commit', '-qm', 'more');
  const below = await create(daemon, 'cat inner', { cwd: 'sub', workspace: { ...WORKTREE, base: 'other' } });
  expect(await api.untilStatus(below.id, 'completed')).toMatchObject({
    result: { output: 'inner\n', filesChanged: [] },
  });
  const failures = [
    [{ workspace: { ...WORKTREE, base: 'nowhere' } }, 'workspace_failed', 'base: "nowhere" names no commit'],
    [
      { cwd: 'sub', workspace: { ...WORKTREE, base: 'main' } },
      'workspace_failed',
      'the directory is not in that commit',
    ],
  ] as const;
  for (const [more, code, message] of failures) {
    const { id } = await create(daemon, 'true', more);
    expect((await api.untilStatus(id, 'failed')).error).toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  }
  const plain = await world.onlineDaemon(server, { agents: AGENTS });
  const { id } = await create(plain, 'true');
  expect((await api.untilStatus(id, 'failed')).error).toMatchObject({
    code: 'refused',
    message: expect.stringContaining('git repository'),
  });
  for (const workspace of [{ mode: 'elsewhere' }, { mode: 'direct', base: 'main' }, { ...WORKTREE, base: '--all' }])
    expect((await api.request('POST', '/api/tasks', { body: { prompt: 'p', hostId, workspace } })).status).toBe(400);
});

test("[R20] the owner's setup runs first, with its output in the log, and its failure is the task's", async () => {
  const good = await daemonWith({ worktree: { setup: ['/bin/sh', '-c', 'echo prepared; touch ready'] } });
  const { id } = await create(good, 'ls ready');
  expect(await api.untilStatus(id, 'completed')).toMatchObject({ result: { output: 'ready\n' } });
  expect((await api.finishedLog(id)).map(entryText)).toContain('prepared');
  const bad = await daemonWith({ worktree: { setup: ['/bin/sh', '-c', 'echo broken >&2; exit 3'] } });
  const failed = await create(bad, 'true');
  expect((await api.untilStatus(failed.id, 'failed')).error).toMatchObject({
    code: 'workspace_failed',
    message: 'setup ended with exit code 3',
  });
  expect((await api.finishedLog(failed.id)).map(entryText)).toContain('broken');
  const slow = await daemonWith({ worktree: { setup: ['/bin/sh', '-c', 'sleep 100000'], setupTimeoutMs: 300 } });
  const late = await create(slow, 'true');
  expect((await api.untilStatus(late.id, 'failed')).error?.message).toBe('setup was not done within 300 ms');
  expect(world.processes().filter(({ command }) => command.includes('sleep 100000'))).toEqual([]);
});

test('[R17] [R20] a follow-up goes on in the work tree of the task before', async () => {
  const daemon = await daemonWith();
  const first = await create(daemon, 'touch a', { agentType: 'talker' });
  const before = resultSchema.parse((await api.untilStatus(first.id, 'completed')).result?.workspace);
  const follow = await api.createTask({ prompt: 'touch b', continueTask: first.id });
  const { result, workspace } = await api.untilStatus(follow.id, 'completed');
  expect(workspace).toEqual(WORKTREE);
  expect(result).toMatchObject({ filesChanged: ['b'], workspace: { branch: before.branch, base: before.commit } });
  expect(git(daemon.cwd, 'ls-tree', '--name-only', before.branch).split('\n')).toEqual(['a', 'b', 'file']);
});

test('[R20] what is too much is taken away, and nothing in it is lost: a supervisor that died, a task that goes on later', async () => {
  const daemon = await daemonWith({ worktree: { keepCount: 0 } });
  const { id } = await create(daemon, 'echo half > file; sleep 100000');
  const run = join(daemon.stateDir, 'runs', `${id}.1`);
  const place = join(daemon.stateDir, 'worktrees', `${id}.1`);
  const file = join(place, 'file');
  await untilTrue('it is at work', () => existsSync(file) && readFileSync(file, 'utf8') === 'half\n');
  const { pid } = z.looseObject({ pid: z.int() }).parse(JSON.parse(readFileSync(join(run, 'supervisor.json'), 'utf8')));
  killQuietly(pid, 'SIGKILL');
  expect((await api.untilStatus(id, 'failed')).error?.code).toBe('agent_crashed');
  const talk = await create(daemon, 'touch a', { agentType: 'talker' });
  const { result } = await api.untilStatus(talk.id, 'completed');
  await daemon.stop();
  daemon.startAgain();
  await untilTrue('they are gone', () => readdirSync(join(daemon.stateDir, 'worktrees')).length === 0);
  expect(git(daemon.cwd, 'show', `agent-gateway/${id}.1:file`)).toBe('half');
  expect(git(daemon.cwd, 'worktree', 'list').split('\n')).toHaveLength(1);
  const follow = await api.createTask({ prompt: 'touch b', continueTask: talk.id });
  const { branch } = resultSchema.parse(result?.workspace);
  expect((await api.untilStatus(follow.id, 'completed')).result?.workspace).toMatchObject({ branch });
  expect(git(daemon.cwd, 'ls-tree', '--name-only', branch).split('\n')).toEqual(['a', 'b', 'file']);
});

test('[R20] tasks in one directory itself are warned of each other', async () => {
  const daemon = await daemonWith();
  const direct = { workspace: { mode: 'direct' } };
  const first = await create(daemon, WAIT('second'), direct);
  await api.untilStatus(first.id, 'running');
  const second = await create(daemon, 'touch second', direct);
  await api.untilStatus(second.id, 'completed');
  await api.untilStatus(first.id, 'completed');
  const warned = async (id: string) =>
    (await api.finishedLog(id))
      .map(entryText)
      .filter((text) => text.startsWith('Another task is at work in this directory'));
  expect(await warned(second.id)).toHaveLength(1);
  expect(await warned(first.id)).toEqual([]);
});
