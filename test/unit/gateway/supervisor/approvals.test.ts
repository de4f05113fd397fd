import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Question } from '../../../../gateway/domain/question.ts';
import { redactorOf } from '../../../../gateway/domain/redactor.ts';
import { type ApprovalDeps, Approvals } from '../../../../gateway/supervisor/approvals.ts';
import { type ApprovalNote, approvalNoteOf } from '../../../../shared/approval.ts';
import type { AgentEvent } from '../../../../shared/event.ts';
import { MAX_APPROVAL_TEXT_BYTES } from '../../../../shared/limits.ts';

const ACTION = { tool: 'bash', title: 'rm -rf build', command: 'rm -rf build' };
const QUESTION: Question = { key: 'k', action: ACTION, options: ['allow', 'deny'], ownerDecides: false };

let told: AgentEvent[];
beforeEach(() => {
  told = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function approvals(given: Partial<ApprovalDeps> = {}): Approvals {
  const tell = async (event: AgentEvent) => {
    told.push(event);
  };
  return new Approvals({
    rules: [],
    redactor: redactorOf([]),
    wish: 'ask',
    timeoutMs: undefined,
    tell,
    now: () => 1,
    ...given,
  });
}

const notes = (): ApprovalNote[] => told.flatMap((event) => approvalNoteOf(event) ?? []);
const askedId = () => vi.waitUntil(() => notes().find(({ state }) => state === 'asked')?.id);

describe('[R18] the questions of an agent', () => {
  test('are told, and closed when they are answered', async () => {
    const some = approvals();
    const answer = some.ask(QUESTION);
    const id = await askedId();
    expect(some.waiting).toBe(true);
    some.decided('another', 'deny');
    some.decided(id, 'allow');
    some.decided(id, 'deny');
    expect(await answer).toBe('allow');
    expect(some.waiting).toBe(false);
    expect(notes()).toEqual([
      { state: 'asked', id, action: ACTION, options: ['allow', 'deny'] },
      { state: 'closed', id },
    ]);
  });

  test('are withdrawn when the agent asks no more', async () => {
    const some = approvals();
    const answer = some.ask(QUESTION);
    await askedId();
    some.withdrawAll();
    expect(await answer).toBe('deny');
    expect(notes().at(-1)).toMatchObject({ state: 'closed' });
  });

  test('[R23] are told without the secrets in them, also where what is told is cut', async () => {
    const secret = 'correct horse battery';
    const deps = { redactor: redactorOf([secret]), rules: [{ command: `*${secret}*`, decision: 'ask' as const }] };
    const some = approvals({ ...deps, wish: 'deny' });
    const command = `${'x'.repeat(MAX_APPROVAL_TEXT_BYTES - secret.length + 1)}${secret}`;
    void some.ask({ ...QUESTION, action: { ...ACTION, title: `say ${secret}`, command } });
    await askedId();
    expect(notes()[0]).toMatchObject({
      action: { title: 'say [redacted]', command: expect.stringMatching(/x\[redacted\]$/) },
    });
    some.withdrawAll();
  });

  test('are withdrawn one by one', async () => {
    const some = approvals();
    const first = some.ask(QUESTION);
    const id = await askedId();
    const second = some.ask({ ...QUESTION, key: 'another' });
    await vi.waitUntil(() => notes().length === 2);
    some.withdraw('k');
    some.withdraw('unheard of');
    expect(await first).toBe('deny');
    expect(notes().filter(({ state }) => state === 'closed')).toEqual([{ state: 'closed', id }]);
    expect(some.waiting).toBe(true);
    some.withdraw('another');
    expect(await second).toBe('deny');
  });

  test('are denied in the end by the host itself, should the server never answer', async () => {
    vi.useFakeTimers();
    const answer = approvals({ timeoutMs: 5_000 }).ask(QUESTION);
    await vi.advanceTimersByTimeAsync(64_999);
    expect(notes()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await answer).toBe('deny');
  });

  test("[L9] are nobody's where the owner has decided", async () => {
    const rules = [{ command: 'rm *', decision: 'deny' as const }];
    expect(await approvals({ rules }).ask(QUESTION)).toBe('deny');
    expect(await approvals({ wish: 'auto' }).ask(QUESTION)).toBe('allow');
    expect(await approvals({ wish: 'auto' }).ask({ ...QUESTION, ownerDecides: true })).toBe('deny');
    expect(notes()).toEqual([]);
  });

  test('are judged whole and told within the limits', async () => {
    const some = approvals({ rules: [{ command: '*;rm -rf /', decision: 'deny' }] });
    const long = `echo ${'x'.repeat(100_000)}`;
    expect(await some.ask({ ...QUESTION, action: { ...ACTION, command: `${long};rm -rf /` } })).toBe('deny');
    const answer = some.ask({ ...QUESTION, action: { ...ACTION, command: long } });
    some.decided(await askedId(), 'allow');
    expect(await answer).toBe('allow');
  });
});
