import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { identityOf, isAlive } from '../../gateway/process/identity.ts';
import type { AgentSpec } from '../../gateway/runs/files.ts';
import type { RunDirectory } from '../../gateway/runs/run-directory.ts';
import { launchSupervisor } from '../../gateway/supervisor/launch.ts';
import type { AgentEvent } from '../../shared/event.ts';
import { eventsOf, openWorkshop, resultOfRun, until, type Workshop } from '../support/runs.ts';
import { World } from './harness/world.ts';

const AGENT = fileURLToPath(new URL('../support/acp-agent.ts', import.meta.url));

const SCRIPTED: Extract<AgentSpec, { protocol: 'acp' }> = { protocol: 'acp', command: [process.execPath, AGENT] };

let shop: Workshop;
beforeAll(async () => {
  shop = await openWorkshop();
});
afterAll(() => shop.close());

async function start(prompt: string, overrides: Partial<Parameters<Workshop['request']>[1]> = {}) {
  const run = await shop.run(await shop.request(['unused'], { agent: SCRIPTED, prompt, ...overrides }));
  await launchSupervisor(run);
  return run;
}

const contents = (events: AgentEvent[], type: AgentEvent['type']) =>
  events.filter((event) => event.type === type).map(({ content }) => content);

/** Resolves when the log of the run says so of an input. */
async function untilInput(run: RunDirectory, state: string): Promise<void> {
  await until(`input ${state}`, async () =>
    (await eventsOf(run)).some(({ data }) => JSON.stringify(data) === JSON.stringify({ input: state })),
  );
}

async function livingIn(file: string) {
  return until('a process', async () => {
    const pid = existsSync(file) ? Number(await readFile(file, 'utf8')) : 0;
    return pid > 0 ? identityOf(pid) : null;
  });
}

describe('an agent that speaks ACP', () => {
  it('answers in one message, names its session, and ends when nothing more is said', async () => {
    const run = await start('say hello, this is in chunks');
    expect(await resultOfRun(run)).toMatchObject({
      result: { success: true, exitCode: 0, output: 'hello, this is in chunks' },
    });
    expect(await run.session()).toBe('acp-session-1');
    expect(contents(await eventsOf(run), 'message')).toEqual(['hello, this is in chunks']);
  });

  it('broken lines and foreign messages are logged, and the task still ends right', async () => {
    const foreign = { jsonrpc: '2.0', method: 'session/update', params: { update: { sessionUpdate: 'telepathy' } } };
    const lines = [
      '{"jsonrpc":"2.0","id":',
      'warning: hello',
      JSON.stringify(foreign),
      '{"jsonrpc":"2.0","id":99,"result":1}',
    ];
    const run = await start([...lines.map((line) => `raw ${line}`), 'read secret', 'say done'].join('\n'));
    expect(await resultOfRun(run)).toMatchObject({ result: { success: true, output: 'refuseddone' } });
    const logged = contents(await eventsOf(run), 'log');
    expect(logged).toEqual(
      expect.arrayContaining(['{"jsonrpc":"2.0","id":', 'warning: hello', 'telepathy', 'fs/read_text_file']),
    );
  });

  it('grants what it asks, once where that is offered, and refuses where the owner says so', async () => {
    const kinds = 'ask allow_always allow_once reject_once';
    expect((await resultOfRun(await start(kinds))).result.output).toBe('told allow_once');
    expect((await resultOfRun(await start('ask reject_once allow_always'))).result.output).toBe('told allow_always');
    const rules = [{ decision: 'deny' as const }];
    expect((await resultOfRun(await start(kinds, { rules }))).result.output).toBe('told reject_once');
    expect((await resultOfRun(await start('ask allow_once', { rules }))).result.output).toBe('told cancelled');
  });

  it('what is sent while it works is its next turn, in order', async () => {
    const gate = join(shop.cwd, 'gate');
    const run = await start(`wait ${gate}\nsay one`);
    await run.appendControl({ kind: 'input', id: 'a', content: 'say two' });
    await run.appendControl({ kind: 'input', id: 'b', content: `touch ${gate}.last\nsay three` });
    await untilInput(run, 'waiting');
    await writeFile(gate, '');
    expect(await resultOfRun(run)).toMatchObject({ result: { success: true, output: 'three' } });
    expect(contents(await eventsOf(run), 'message')).toEqual(['one', 'two', 'three']);
    expect(existsSync(`${gate}.last`)).toBe(true);
  });

  it('an error for an answer, a limit, and an end in the middle of a turn are failures', async () => {
    expect(await resultOfRun(await start('say a\nfail out of luck'))).toMatchObject({
      result: { success: false, exitCode: 0 },
      error: { code: 'agent_failed', message: 'out of luck' },
    });
    expect((await resultOfRun(await start('stop max_tokens'))).error?.message).toContain('max_tokens');
    expect(await resultOfRun(await start('say half\nexit 3'))).toMatchObject({
      result: { success: false, exitCode: 3, output: 'half' },
      error: { code: 'agent_failed', message: 'the agent exited with code 3 before it finished its turn' },
    });
  });

  it('[L5] one that does not go when all is said is ended, with what it started, and its result stands', async () => {
    const file = join(shop.cwd, 'left.pid');
    const run = await start(`spawn ${file}\nstay\nsay done`);
    const left = await livingIn(file);
    expect(await resultOfRun(run)).toMatchObject({ result: { success: true, output: 'done' } });
    expect(await isAlive(left)).toBe(false);
  });

  it('[L5] an abort is told first, and ends one that does not listen too', async () => {
    const file = join(shop.cwd, 'aborted.pid');
    const polite = await start('say working\nstall');
    const deaf = await start(`stay\nspawn ${file}\nwait never`);
    const child = await livingIn(file);
    await until('the first word', async () => contents(await eventsOf(polite), 'message').length > 0);
    for (const run of [polite, deaf]) await run.appendControl({ kind: 'abort', id: 'x', reason: 'abort' });
    expect(await resultOfRun(polite)).toMatchObject({ error: { code: 'aborted' } });
    expect(contents(await eventsOf(polite), 'log')).toContain('turn ended: cancelled');
    expect(await resultOfRun(deaf)).toMatchObject({ error: { code: 'aborted' } });
    expect(await isAlive(child)).toBe(false);
  });
});

describe('a host with such an agent', () => {
  const world = new World();
  afterAll(() => world.close());

  it('announces that it takes input, and hands on what a client sends', async () => {
    const server = await world.server();
    const api = server.api();
    const { hostId } = await world.onlineDaemon(server, { agents: { acp: SCRIPTED } });
    const gate = join(world.directory('gate'), 'open');
    const task = await api.createTask({ prompt: `wait ${gate}\nsay one`, agentType: 'acp', hostId });
    await api.untilStatus(task.id, 'running');
    expect(await api.input(task.id, 'say two')).toBe(202);
    await until('the input', async () => JSON.stringify(await api.log(task.id)).includes('"waiting"'));
    await writeFile(gate, '');
    const done = await api.untilStatus(task.id, 'completed');
    expect(done).toMatchObject({ sessionId: 'acp-session-1', result: { success: true, output: 'two' } });
  });
});
