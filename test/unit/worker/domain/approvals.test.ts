import { beforeEach, describe, expect, test } from 'vitest';
import type { ApprovalDecision, ApprovalNote } from '../../../../shared/approval.ts';
import { MAX_PENDING_APPROVALS } from '../../../../shared/limits.ts';
import { decideApproval } from '../../../../worker/domain/approvals.ts';
import { approvalsNoted } from '../../../../worker/domain/commands/host-reports.ts';
import type { Owed } from '../../../../worker/domain/pool-effects.ts';
import { SETTINGS, World, type WorldHost } from './pool-world.ts';

let world: World;
let host: WorldHost;
/** Well below the time limit. */
const APPROVAL_TIMEOUT_MS = 1_000;

/** `t0` runs on `h0`. */
beforeEach(() => {
  world = new World([2, 2]);
  host = world.host('h0');
  world.connect(host);
  world.create();
  world.deliverAll();
  world.startAll(host);
  world.decide((pool) => {
    const task = pool.task('t0');
    if (task !== null) pool.putTask({ ...task, approvalTimeout: APPROVAL_TIMEOUT_MS });
  });
});

function asked(id: string): ApprovalNote {
  return { state: 'asked', id, action: { tool: 'bash', title: id }, options: ['allow', 'deny'] };
}

/** What the notes, or whatever else, made the pool owe to the host. */
function owedBy(act: () => void): Owed[] {
  const owed: Owed[] = [];
  const { staged } = world.pool;
  world.pool.staged = () => {
    const stage = staged.call(world.pool);
    owed.push(...stage.owed.filter(({ kind }) => kind === 'input'));
    return stage;
  };
  act();
  world.pool.staged = staged;
  return owed;
}

function note(...notes: ApprovalNote[]): 'ok' | 'superseded' {
  const link = { hostId: 'h0', epoch: host.epoch };
  return world.decide((pool, now) => approvalsNoted(pool, link, { taskId: 't0', attempt: 1 }, notes, now));
}

function decide(approvalId: string, decision: ApprovalDecision) {
  return world.decide((pool, now) => decideApproval(pool, { taskId: 't0', approvalId, decision, by: 'me' }, now));
}

const stored = (id: string) => world.ledger.approvals.get('t0')?.get(id);
const asking = () => world.pool.task('t0')?.asking?.map(({ id }) => id) ?? [];
const answerTo = (approvalId: string, decision: ApprovalDecision) => [
  expect.objectContaining({ kind: 'input', hostId: 'h0', signal: { approvalId, decision } }),
];

describe('[R18] what an agent asks', () => {
  test('waits for an answer, however often it is told', () => {
    expect(note(asked('a'))).toBe('ok');
    note(asked('a'));
    expect(asking()).toEqual(['a']);
    expect(stored('a')).toMatchObject({
      status: 'pending',
      attempt: 1,
      expiresAt: world.now + APPROVAL_TIMEOUT_MS,
    });
  });

  test('an answer goes to the host once; the same again is no error, another one is', () => {
    note(asked('a'));
    expect(owedBy(() => decide('a', 'allow'))).toEqual(answerTo('a', 'allow'));
    expect(stored('a')).toMatchObject({ status: 'allowed', decision: 'allow', decidedBy: 'me', decidedAt: world.now });
    expect(asking()).toEqual([]);
    expect(owedBy(() => expect(decide('a', 'allow')).toMatchObject({ kind: 'decided' }))).toEqual([]);
    expect(decide('a', 'deny')).toMatchObject({ kind: 'error', code: 'approval_decided' });
    note(asked('a'));
    expect(asking()).toEqual([]);
  });

  test('takes only an answer that the agent has offered', () => {
    note(asked('a'));
    expect(decide('a', 'allow_always')).toMatchObject({ kind: 'error', code: 'invalid_request' });
    expect(decide('b', 'allow')).toMatchObject({ kind: 'error', code: 'not_found' });
  });

  test('unanswered, it is denied at its expiry and takes no answer after', () => {
    note(asked('a'));
    world.pass(1);
    note(asked('b'));
    expect(owedBy(() => world.pass(APPROVAL_TIMEOUT_MS - 1))).toEqual(answerTo('a', 'deny'));
    expect(stored('a')).toMatchObject({ status: 'expired', decision: 'deny' });
    expect(asking()).toEqual(['b']);
    expect(decide('a', 'deny')).toMatchObject({ kind: 'error', code: 'approval_decided' });
    expect(world.pool.task('t0')?.status).toBe('running');
  });

  test('an agent that gives up asking withdraws it; one note may close what another of the same frame opened', () => {
    note(asked('a'));
    note({ state: 'closed', id: 'a' });
    expect(stored('a')).toMatchObject({ status: 'withdrawn' });
    note(asked('b'), { state: 'closed', id: 'b' });
    expect(stored('b')).toMatchObject({ status: 'withdrawn' });
    expect(asking()).toEqual([]);
    expect(decide('a', 'allow')).toMatchObject({ kind: 'error', code: 'approval_decided' });
  });

  test('one too many is denied at once', () => {
    note(...Array.from({ length: MAX_PENDING_APPROVALS }, (_, index) => asked(`a${index}`)));
    expect(owedBy(() => note(asked('last')))).toEqual(answerTo('last', 'deny'));
    expect(stored('last')).toMatchObject({ status: 'denied' });
  });

  test('[R1] is not held against anybody while the server was away', () => {
    note(asked('a'));
    world.restart(APPROVAL_TIMEOUT_MS + SETTINGS.RECONNECT_GRACE_MS);
    world.connect(host);
    expect(decide('a', 'allow')).toMatchObject({ kind: 'decided' });
  });

  test('[L2] goes with its attempt: a superseded one neither asks nor is answered', () => {
    note(asked('a'));
    world.drop(host);
    world.connect(world.host('h1'));
    world.pass(SETTINGS.RECONNECT_GRACE_MS);
    expect(world.pool.task('t0')).toMatchObject({ hostId: 'h1', asking: undefined });
    expect(decide('a', 'allow')).toMatchObject({ code: 'not_found' });
    world.connect(host);
    expect(note(asked('b'))).toBe('superseded');
  });

  test('goes with its task', () => {
    note(asked('a'));
    world.end(host, 0, true, 0);
    expect(world.ledger.approvals.has('t0')).toBe(false);
    expect(world.pool.task('t0')?.asking).toBeUndefined();
  });
});
