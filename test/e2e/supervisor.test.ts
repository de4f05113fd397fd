import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launchSupervisor } from '../../gateway/supervisor/launch.ts';
import { MAX_INPUT_BYTES } from '../../shared/limits.ts';
import { eventsOf, openWorkshop, resultOfRun, until, type Workshop } from '../support/runs.ts';

const node = (script: string) => [process.execPath, '-e', script];

describe('the supervisor with a text agent', () => {
  let shop: Workshop;
  beforeEach(async () => {
    shop = await openWorkshop();
  });
  afterEach(() => shop.close());

  it('runs the program, numbers its lines, and stores the result', async () => {
    const run = await shop.run(
      await shop.request(node('console.log("one"); console.error("warn"); console.log("two"); process.exitCode = 0')),
    );
    await launchSupervisor(run);
    const result = await resultOfRun(run);
    expect(result).toMatchObject({ lastSeq: 3, result: { success: true, exitCode: 0, output: 'one\ntwo\n' } });
    expect(result.error).toBeUndefined();
    const events = await eventsOf(run);
    expect(events.filter((event) => event.data === undefined).map((event) => event.content)).toEqual(['one', 'two']);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'log', content: 'warn', data: { stream: 'stderr' } }),
    );
  });

  it('[C5] fails with the exit code and the tail of stderr', async () => {
    const run = await shop.run(await shop.request(node('console.error("no such luck"); process.exit(3)')));
    await launchSupervisor(run);
    expect(await resultOfRun(run)).toMatchObject({
      result: { success: false, exitCode: 3 },
      error: { code: 'agent_failed', message: 'the agent exited with code 3', details: 'no such luck\n' },
    });
  });

  it('[L9] hands the prompt over byte for byte, whatever is in it', async () => {
    const nasty = `-x --help "q" 'q' $(id) \`id\` \\ \n\r\n\t😀 é \u0001 ${'z'.repeat(200_000)}`;
    const echo = 'process.stdin.pipe(require("fs").createWriteStream("prompt.bin"))';
    const run = await shop.run(await shop.request(node(echo), { prompt: nasty }));
    await launchSupervisor(run);
    expect((await resultOfRun(run)).result.success).toBe(true);
    const { readFile } = await import('node:fs/promises');
    expect(await readFile(`${shop.cwd}/prompt.bin`, 'utf8')).toBe(nasty);
  });

  it('[L9] gives the agent the environment of the request and the mark, and nothing of its own', async () => {
    const run = await shop.run(await shop.request(['/usr/bin/env'], { env: { PATH: '/bin', MINE: 'yes' } }));
    await launchSupervisor(run);
    const { output } = (await resultOfRun(run)).result;
    const mark = `AGENT_GATEWAY_RUN=${run.request?.mark}`;
    expect(output?.trim().split('\n').sort()).toEqual([mark, 'MINE=yes', 'PATH=/bin']);
  });

  it('writes inputs as lines to an agent that takes them, in order and once', async () => {
    const script = fileURLToPath(new URL('../fixtures/agents/echo-input.mjs', import.meta.url));
    const command = [process.execPath, script];
    const run = await shop.run(
      await shop.request(command, { agent: { protocol: 'text', command, input: true }, prompt: 'first' }),
    );
    await run.appendControl({ kind: 'input', id: 'a', content: 'early' });
    await launchSupervisor(run);
    await until('the early input', async () => (await eventsOf(run)).some((event) => event.content === 'got early'));
    await run.appendControl({ kind: 'input', id: 'a', content: 'early' });
    await run.appendControl({ kind: 'input', id: 'b', content: 'quit' });
    const result = await resultOfRun(run);
    expect(result.result.output).toBe('got first\ngot early\ngot quit\n');
  });

  it('drops input, and says so, when the agent has long left it unread', async () => {
    const command = [...node('setInterval(() => {}, 1000)')];
    const run = await shop.run(await shop.request(command, { agent: { protocol: 'text', command, input: true } }));
    await launchSupervisor(run);
    const content = 'x'.repeat(MAX_INPUT_BYTES);
    await until('word of it', async () => {
      await run.appendControl({ kind: 'input', id: randomUUID(), content });
      return (await eventsOf(run)).some(({ data }) => JSON.stringify(data) === '{"input":"undelivered"}');
    });
    await run.appendControl({ kind: 'abort', id: 'a', reason: 'abort' });
    expect(await resultOfRun(run)).toMatchObject({ error: { code: 'aborted' } });
  });

  it('tells of a program that cannot be started', async () => {
    const run = await shop.run(await shop.request(['/nowhere/agent'], { spawnRetries: 1 }));
    await launchSupervisor(run);
    const result = await resultOfRun(run);
    expect(result).toMatchObject({ lastSeq: 0, result: { success: false }, error: { code: 'agent_crashed' } });
    expect(result.error?.message).toContain('/nowhere/agent');
  });

  it('does not start an agent whose abort came first', async () => {
    const run = await shop.run(await shop.request(node('require("fs").writeFileSync("ran", "")')));
    await run.appendControl({ kind: 'abort', id: 'x', reason: 'abort' });
    await launchSupervisor(run);
    expect(await resultOfRun(run)).toMatchObject({ error: { code: 'aborted' } });
    const { existsSync } = await import('node:fs');
    expect(existsSync(`${shop.cwd}/ran`)).toBe(false);
  });

  it('is taken once however often it is launched', async () => {
    const run = await shop.run(await shop.request(node('require("fs").appendFileSync("ran", "x"); console.log("hi")')));
    await Promise.all([launchSupervisor(run), launchSupervisor(run), launchSupervisor(run)]);
    await resultOfRun(run);
    await launchSupervisor(run);
    const { readFile } = await import('node:fs/promises');
    expect(await readFile(`${shop.cwd}/ran`, 'utf8')).toBe('x');
  });
});
