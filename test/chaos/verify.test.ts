import { describe, expect, test } from 'vitest';
import type { Entry } from '../e2e/harness/wire.ts';
import { type Evidence, violations } from './verify.ts';

const LINES = 3;
const run = (attempt: number, pid: number) => ({ host: 'a', pid, label: 'task-1', run: `t1.${attempt}` });

function line(seq: number, number: number, pid = 10, attempt = 1): Entry {
  return { seq, at: 0, attempt, event: { type: 'log', content: `task-1 ${pid} ${number} `, timestamp: 0 } };
}

function status(seq: number, name: 'assigned' | 'running' | 'completed' | 'failed', attempt = 1): Entry {
  return { seq, at: 0, attempt, status: name };
}

const LOG = [status(1, 'assigned'), status(2, 'running'), line(3, 1), line(4, 2), line(5, 3), status(6, 'completed')];

const CLEAN: Evidence = {
  assignment: {
    label: 'task-1',
    lines: LINES,
    pauseMs: 1,
    padding: 0,
    exitCode: 0,
    onHostLost: 'requeue',
    maxFailures: 1,
    timeoutMs: null,
    abortAfterMs: null,
    watched: true,
  },
  task: {
    id: 't1',
    status: 'completed',
    prompt: '',
    agentType: 'books',
    attempt: 1,
    createdAt: 0,
    result: { success: true, exitCode: 0 },
  },
  log: LOG,
  starts: [run(1, 10)],
  killed: new Set(),
  aborted: false,
  watched: [1, 2, 3, 4, 5, 6],
  maxAttempts: 3,
};

function failed(code: string, more: Partial<Evidence> = {}): Evidence {
  const task = {
    ...CLEAN.task,
    status: 'failed',
    error: { code, message: 'why' },
    result: { success: false },
  } as const;
  return { ...CLEAN, task, log: [...LOG.slice(0, 5), status(6, 'failed')], ...more };
}

/** A whole task with a remark of the gateway's before its last line. */
function remarked(data: unknown): Evidence {
  const remark: Entry = { seq: 5, at: 0, attempt: 1, event: { type: 'log', content: 'a remark', data, timestamp: 0 } };
  const log = [...LOG.slice(0, 4), remark, line(6, 3), status(7, 'completed')];
  return { ...CLEAN, log, watched: [1, 2, 3, 4, 5, 6, 7] };
}

describe('what was promised', () => {
  const kept: [string, Evidence][] = [
    ['a whole task', CLEAN],
    ['one on which the gateway has remarked', remarked({ neighbours: 1 })],
    ['one of which git did not say what changed', remarked({ changes: 'agent' })],
    ['one that nobody watched', { ...CLEAN, watched: null }],
    ['a failure that was asked for', failed('agent_failed', { assignment: { ...CLEAN.assignment, exitCode: 3 } })],
    ['a failure after a kill', failed('agent_failed', { killed: new Set(['agent']) })],
    ['a crash after a kill of the supervisor', failed('agent_crashed', { killed: new Set(['supervisor']) })],
    [
      'a second attempt after half of the first',
      {
        ...CLEAN,
        task: { ...CLEAN.task, attempt: 2 },
        log: [line(1, 1), line(2, 1, 20, 2), line(3, 2, 20, 2), line(4, 3, 20, 2), status(5, 'completed', 2)],
        starts: [run(1, 10), run(2, 20)],
        watched: [1, 2, 3, 4, 5],
      },
    ],
  ];
  test.each(kept)('is kept by %s', (_what, evidence) => {
    expect(violations(evidence)).toEqual([]);
  });

  const broken: [string, RegExp, Partial<Evidence>][] = [
    ['a task that runs for ever', /ended as "running" for no reason/, { task: { ...CLEAN.task, status: 'running' } }],
    ['a failure that nothing explains', /ended as "failed agent_failed" for no reason: why/, failed('agent_failed')],
    [
      'a failure without the second attempt that was asked for',
      /failed agent_failed/,
      failed('agent_failed', { assignment: { ...CLEAN.assignment, exitCode: 3, maxFailures: 2 } }),
    ],
    ['a lost host before the last attempt', /failed host_lost/, failed('host_lost')],
    [
      'a lost line',
      /with 2 of 3 lines/,
      { log: [...LOG.slice(0, 4), status(5, 'completed')], watched: [1, 2, 3, 4, 5] },
    ],
    [
      'a line in the middle that is lost',
      /line 3 follows line 1/,
      { log: [line(1, 1), line(2, 3), status(3, 'completed')] },
    ],
    ['a line twice', /line 2 follows line 2/, { log: [line(1, 1), line(2, 2), line(3, 2), status(4, 'completed')] }],
    ['lines of two processes', /lines of two processes/, { log: [line(1, 1), line(2, 2, 11), status(3, 'completed')] }],
    ['a gap in the log', /entry 2 of the log has number 3/, { log: [line(1, 1), line(3, 2)] }],
    ['a log without an end', /its log has no end/, { log: LOG.slice(0, 5) }],
    ['a log with two ends', /ends more than once/, { log: [...LOG, status(7, 'completed')] }],
    ['a log with another end', /its log ends with failed/, { log: [...LOG.slice(0, 5), status(6, 'failed')] }],
    ['an attempt that ran twice', /t1.1 was started twice/, { starts: [run(1, 10), run(1, 11)] }],
    ['an agent too many', /2 agents in 1 attempts/, { starts: [run(1, 10), run(2, 11)] }],
    ['a stream with a hole', /its watcher saw 5 entries of 6/, { watched: [1, 2, 4, 5, 6] }],
    ['a stream that repeats', /its watcher saw 7 entries of 6/, { watched: [1, 2, 2, 3, 4, 5, 6] }],
  ];
  test.each(broken)('is broken by %s', (_what, complaint, evidence) => {
    expect(violations({ ...CLEAN, ...evidence }).join('\n')).toMatch(complaint);
  });
});
