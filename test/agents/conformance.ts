import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../shared/event.ts';
import { TURN_TOKENS } from '../scripted-model/turn.ts';
import { eventsOf, resultOfRun, until } from '../support/runs.ts';
import { askForExpiry, dialogue } from './dialogue.ts';
import { type Lab, type LabRun, openLab } from './lab.ts';
import type { AgentRow } from './row.ts';

/** ms. From the agent's start; it is up and has asked its model well within it. Other cases run meanwhile. */
const TIME_LIMIT_MS = 40_000;
/** ms. More than what the slowest agent's own retries, or a time limit, take on a busy machine. */
const PATIENCE_MS = 120_000;
/** ms. After an abort was asked for nothing that the agent started is left: the kill's grace of 5 s, and a little. */
const GONE_MS = 6_000;

const ofType = (events: readonly AgentEvent[], type: AgentEvent['type']) =>
  events.filter((event) => event.type === type);
const idsOf = (events: readonly AgentEvent[]) =>
  events.map(({ data }) => (typeof data === 'object' && data !== null && 'id' in data ? data.id : undefined));

/** A shell with a child in a session of its own and one without a parent. */
const STUBBORN = [
  // Not with a sleep in front, which Claude Code refuses.
  'echo $$ > shell.pid',
  "setsid sh -c 'echo $$ > session.pid; exec sleep 600' & (setsid sh -c 'echo $$ > orphan.pid; exec sleep 600' &)",
  'exec sleep 600',
].join('; ');

/** The pid that a shell writes there, once it does. */
function pidIn(file: string): Promise<number> {
  return until(`a pid in ${file}`, async () => Number(await readFile(file, 'utf8').catch(() => '')) || null);
}

/** A tool's call and its result: one of each, in this order, with one id. */
function expectOneTool(events: readonly AgentEvent[]): void {
  const tools = events.filter(({ type }) => type === 'tool_call' || type === 'tool_result');
  expect(tools.map(({ type }) => type)).toEqual(['tool_call', 'tool_result']);
  expect(new Set(idsOf(tools))).toEqual(new Set([expect.any(String)]));
}

/** The cases that every agent passes, or says why it cannot. */
export function conformance(row: AgentRow): void {
  describe(row.name, () => {
    let lab: Lab;
    /** Three that start at once on a fresh home. */
    let firsts: LabRun[];
    /** Two that come to their time limit while other cases run. */
    let stalled: LabRun;
    let stuck: LabRun;
    let unanswered: LabRun | null;
    beforeAll(async () => {
      lab = await openLab(row);
      firsts = await Promise.all(['one', 'two', 'three'].map((word) => lab.start(`@say ${word}`)));
      for (const { run } of firsts) await resultOfRun(run, PATIENCE_MS);
      const limit = row.timeLimitMs ?? TIME_LIMIT_MS;
      stalled = await lab.start('@stall', limit);
      stuck = await lab.start('@bash echo $$ > shell.pid; exec sleep 600', limit);
      unanswered = await askForExpiry(lab, row);
    });
    afterAll(() => lab.close());

    it('several first starts at once on a fresh home all succeed', async () => {
      const results = await Promise.all(firsts.map(({ run }) => run.result()));
      expect(results).toMatchObject(['one', 'two', 'three'].map((output) => ({ result: { success: true, output } })));
    });

    it('a plain answer: a message, the output, a session, and what it took', async () => {
      const { run } = await lab.start('@say It is 42.');
      const { result } = await resultOfRun(run);
      expect(result).toMatchObject({ success: true, exitCode: 0, output: 'It is 42.', filesChanged: [] });
      const { input, output, cached, thought } = TURN_TOKENS;
      expect(result.usage).toMatchObject(
        row.lacks['whole count'] === undefined
          ? { inputTokens: input, outputTokens: output, cachedInputTokens: cached }
          : { inputTokens: input, outputTokens: output - thought },
      );
      if (row.lacks.cost === undefined) expect(result.usage?.costUsd).toBeGreaterThanOrEqual(0);
      else expect(result.usage).not.toHaveProperty('costUsd');
      expect(await run.session()).toMatch(/./);
      const said = ofType(await eventsOf(run), 'message');
      expect(said.map(({ content }) => content).join('')).toBe('It is 42.');
    });

    it('a tool that writes a file: call, result and file change, and the path in filesChanged', async () => {
      const { run, cwd } = await lab.start((cwd) => `@write ${join(cwd, 'hello.txt')} hello world\n@say Written.`);
      expect(await resultOfRun(run)).toMatchObject({
        result: { success: true, output: 'Written.', filesChanged: ['hello.txt'] },
      });
      expect(await readFile(join(cwd, 'hello.txt'), 'utf8')).toMatch(/^hello world\n?$/);
      const events = await eventsOf(run);
      expectOneTool(events);
      const changes = ofType(events, 'file_change');
      expect(changes).toMatchObject([{ content: join(cwd, 'hello.txt'), data: { path: join(cwd, 'hello.txt') } }]);
      expect(changes[0]?.data).toMatchObject({ change: expect.stringMatching(/^(created|written)$/) });
    });

    it('a shell command: its call, then its output as the result; one that fails does not fail the task', async () => {
      const { run } = await lab.start('@bash echo hello from a shell | tr a-z A-Z; exit 3\n@say Ran.');
      expect(await resultOfRun(run)).toMatchObject({ result: { success: true, output: 'Ran.' } });
      const events = await eventsOf(run);
      expectOneTool(events);
      expect(JSON.stringify(ofType(events, 'tool_call')[0]?.data)).toContain('echo hello from a shell');
      const { content } = ofType(events, 'tool_result')[0] ?? {};
      if (row.lacks['tool output'] === undefined) expect(content).toContain('HELLO FROM A SHELL');
      else expect(content).toBe('');
    });

    const { thinking, 'tool start': toolStart } = row.lacks;
    it(`thinking: ${thinking === undefined ? 'an event of its own' : `not offered, for ${thinking}`}`, async () => {
      const { run } = await lab.start('@think First A, then B.\n@say It is 42.');
      expect(await resultOfRun(run)).toMatchObject({ result: { success: true, output: 'It is 42.' } });
      const thoughts = ofType(await eventsOf(run), 'thinking').map(({ content }) => content);
      // Gemini CLI puts a subject in front, be it empty.
      expect(thoughts).toEqual(thinking === undefined ? [expect.stringMatching(/(^|\n)First A, then B\.$/)] : []);
    });

    it('a follow-up in the same session: the model sees the earlier turns, and only the new one is counted', async () => {
      const first = await lab.start('The word is heron.\n@say Noted.');
      const before = await resultOfRun(first.run);
      const next = await lab.follow(first, 'What was the word?\n@say It was heron.');
      const { result } = await resultOfRun(next.run, PATIENCE_MS);
      expect(result).toMatchObject({ success: true, output: 'It was heron.' });
      expect(await next.run.session()).toBe(await first.run.session());
      const asked = lab.model.requests.findLast(({ body }) => body.includes('What was the word?'));
      expect(asked?.body).toContain('The word is heron.');
      expect(asked?.body).toContain('Noted.');
      if (row.lacks['own count'] !== undefined) {
        expect(result).not.toHaveProperty('usage');
        return;
      }
      expect(result.usage?.outputTokens).toBe(before.result.usage?.outputTokens);
      if (row.lacks['own cost'] !== undefined) expect(result.usage).not.toHaveProperty('costUsd');
      else if (row.lacks.cost === undefined)
        expect(result.usage?.costUsd).toBeLessThanOrEqual(1.5 * (before.result.usage?.costUsd ?? 0));
    });

    it('a model that refuses with 401: a failure with its message', async () => {
      const { run } = await lab.start('@fail 401');
      const { result, error } = await resultOfRun(run);
      expect(result.success).toBe(false);
      expect(error).toMatchObject({ code: 'agent_failed', message: expect.stringContaining('scripted failure 401') });
      expect(ofType(await eventsOf(run), 'error').length).toBeGreaterThan(0);
    });

    it('a model that fails with 500: a failure that says something', async () => {
      const { run } = await lab.start('@fail 500');
      const { result, error } = await resultOfRun(run, PATIENCE_MS);
      expect(result.success).toBe(false);
      expect(error).toMatchObject({ code: 'agent_failed', message: expect.stringMatching(/\w+ \w+/) });
    });

    it('[L9] a prompt of 200 KB with all that a shell or a parser may trip over arrives byte for byte', async () => {
      const prompt = `--help "quoted 'words'" $(id) \`id\` $HOME \\ \\n é 😀\t|\r\n\n-x ${'z'.repeat(200_000)} end\n`;
      const { run } = await lab.start(prompt);
      expect(await resultOfRun(run)).toMatchObject({ result: { success: true } });
      const sent = lab.model.requests.map((request) => request.prompt).filter((sent) => sent.includes('zzz'));
      expect(sent.map((each) => each === prompt)).toEqual([true]);
    });

    const start =
      toolStart === undefined ? 'the tool was told when it started' : `its start is not told, for ${toolStart}`;
    it(`[L5] an abort in the middle of a tool leaves no process (${start})`, async () => {
      const { run, cwd, mark, processes } = await lab.start(`@bash ${STUBBORN}`);
      const pids = await Promise.all(['shell', 'session', 'orphan'].map((name) => pidIn(join(cwd, `${name}.pid`))));
      if (toolStart === undefined)
        await until('the call', async () => ofType(await eventsOf(run), 'tool_call').length === 1);
      const atWork = await processes();
      expect(atWork).toEqual(expect.arrayContaining(pids));
      await run.appendControl({ kind: 'abort', id: 'a', reason: 'abort' });
      await until('their end', () => lab.living(atWork, mark).length === 0, GONE_MS);
      expect(await resultOfRun(run)).toMatchObject({ error: { code: 'aborted' } });
    });

    it('[L5] the time limit ends an agent whose model never answers', async () => {
      expect(await resultOfRun(stalled.run, PATIENCE_MS)).toMatchObject({ error: { code: 'timeout' } });
      expect(lab.model.requests.map(({ prompt }) => prompt)).toContain('@stall');
      expect(lab.living([], stalled.mark)).toEqual([]);
    });

    it('[L5] the time limit ends an agent in the middle of a tool', async () => {
      const shell = await pidIn(join(stuck.cwd, 'shell.pid'));
      expect(await resultOfRun(stuck.run, PATIENCE_MS)).toMatchObject({ error: { code: 'timeout' } });
      expect(lab.living([shell], stuck.mark)).toEqual([]);
    });

    dialogue(row, () => ({ lab, unanswered }));

    it('leaves nothing in the temporary directory', async () => {
      expect(await lab.temporaryFiles()).toEqual(row.keeps ?? []);
    });
  });
}
