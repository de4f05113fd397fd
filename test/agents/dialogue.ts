import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { field } from '../../gateway/domain/agent-lines.ts';
import { canBeAsked, takesInput } from '../../gateway/policy/agent-table.ts';
import { type ApprovalDecision, approvalNoteOf } from '../../shared/approval.ts';
import { eventsOf, resultOfRun, until } from '../support/runs.ts';
import type { Lab, LabRun } from './lab.ts';
import type { AgentRow } from './row.ts';

/** ms. The shortest that a task may ask for; an agent whose question nobody answers is denied a minute later on the host. */
const APPROVAL_TIMEOUT_MS = 1_000;
/** ms. More than that minute. */
const EXPIRY_PATIENCE_MS = 120_000;

const asksToWrite = (cwd: string) => `@write ${join(cwd, 'asked.txt')} hello\n@say Done.`;

/** What the agent of a run asks, and waits for. */
function questionOf({ run }: LabRun) {
  return until('a question', async () => {
    const notes = (await eventsOf(run)).flatMap((event) => approvalNoteOf(event) ?? []);
    return notes.find((note) => note.state === 'asked');
  });
}

/** A run whose agent asks for what nobody answers; null for an agent that cannot ask. */
export async function askForExpiry(lab: Lab, row: AgentRow): Promise<LabRun | null> {
  if (!canBeAsked(row.agent)) return null;
  return lab.start(asksToWrite, undefined, { permissions: 'ask', approvalTimeout: APPROVAL_TIMEOUT_MS });
}

/** The cases of what is said to an agent while it runs; for one that cannot be spoken to, that hosts know so and refuse. */
export function dialogue(row: AgentRow, given: () => { lab: Lab; unanswered: LabRun | null }): void {
  if (!takesInput(row.agent) || !canBeAsked(row.agent)) {
    it('input and questions: not offered, for it takes one prompt and ends; hosts announce and refuse it so', () => {
      expect([takesInput(row.agent), canBeAsked(row.agent)]).toEqual([false, false]);
    });
    return;
  }

  it('input while a tool runs reaches the model, and the log says how', async () => {
    const { lab } = given();
    const { run, cwd } = await lab.start('@bash until [ -e go ]; do sleep 0.1; done\n@say First.');
    await until('the tool', async () => (await eventsOf(run)).some(({ type }) => type === 'tool_call'));
    await run.appendControl({ kind: 'input', id: 'i1', content: 'And the kingfisher?\n@say Second.' });
    const words = async () => (await eventsOf(run)).map(({ data }) => field(data, 'input'));
    await until('it waits', async () => (await words()).includes('waiting'));
    await writeFile(join(cwd, 'go'), '');
    expect(await resultOfRun(run)).toMatchObject({ result: { success: true } });
    expect((await words()).findLast((word) => word !== undefined)).toBeOneOf(['delivered', 'steered']);
    expect(lab.model.requests.some(({ body }) => body.includes('And the kingfisher?'))).toBe(true);
  });

  it('an interactive session takes input after its answer, and ends when it is told to', async () => {
    const { lab } = given();
    const { run } = await lab.start('The word is plover.\n@say Noted.', undefined, { interactive: true });
    const waits = async () => (await eventsOf(run)).filter(({ data }) => field(data, 'input') === 'awaited').length;
    await until('it waits for input', async () => (await waits()) === 1);
    await run.appendControl({ kind: 'input', id: 'i1', content: 'Which word, again?\n@say It was plover.' });
    await until('it waits again', async () => (await waits()) === 2);
    await run.appendControl({ kind: 'finish', id: 'f1' });
    expect(await resultOfRun(run)).toMatchObject({ result: { success: true, output: 'It was plover.' } });
    const asked = lab.model.requests.findLast(({ prompt }) => prompt.startsWith('Which word, again?'));
    expect(asked?.body).toContain('The word is plover.');
  });

  it.each<[ApprovalDecision, boolean]>([
    ['allow', true],
    ['deny', false],
  ])('[R18] it asks before it writes a file, and is answered: %s', async (decision, isWritten) => {
    const started = await given().lab.start(asksToWrite, undefined, { permissions: 'ask' });
    const path = join(started.cwd, 'asked.txt');
    const { id, action, options } = await questionOf(started);
    expect(action).toMatchObject({ tool: 'edit', paths: [path] });
    expect(options).toEqual(expect.arrayContaining(['allow', 'deny']));
    expect(existsSync(path)).toBe(false);
    await started.run.appendControl({ kind: 'approval', id: 'a1', approvalId: id, decision });
    const { result } = await resultOfRun(started.run);
    expect(existsSync(path)).toBe(isWritten);
    if (isWritten) expect(result).toMatchObject({ success: true, output: 'Done.', filesChanged: ['asked.txt'] });
    else expect(result.filesChanged).toEqual([]);
  });

  it('[R18] where a task denies what it would ask nobody is asked', async () => {
    const { run, cwd } = await given().lab.start(asksToWrite, undefined, { permissions: 'deny' });
    await resultOfRun(run);
    expect((await eventsOf(run)).some((event) => approvalNoteOf(event) !== null)).toBe(false);
    expect(existsSync(join(cwd, 'asked.txt'))).toBe(false);
  });

  it('[R18] what nobody answers is denied in the end', async () => {
    const { unanswered } = given();
    if (unanswered === null) throw new Error('it was not started');
    await resultOfRun(unanswered.run, EXPIRY_PATIENCE_MS);
    const notes = (await eventsOf(unanswered.run)).flatMap((event) => approvalNoteOf(event)?.state ?? []);
    expect(notes).toEqual(['asked', 'closed']);
    expect(existsSync(join(unanswered.cwd, 'asked.txt'))).toBe(false);
  });
}
