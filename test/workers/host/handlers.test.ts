import { describe, expect, it, vi } from 'vitest';
import type { AgentEvent } from '../../../shared/event.ts';
import type { Down } from '../../../shared/protocol/down.ts';
import type { RunRef } from '../../../shared/protocol/run-ref.ts';
import type { TaskJob } from '../../../worker/domain/host-frames.ts';
import { callUntil } from '../../../worker/objects/host/calls.ts';
import type { HandlerDeps } from '../../../worker/objects/host/handlers/deps.ts';
import { flush, perform } from '../../../worker/objects/host/handlers/perform.ts';
import { Lanes, type Origin } from '../../../worker/objects/host/lanes.ts';
import { StoredSeqs } from '../../../worker/objects/host/stored-seqs.ts';
import type { AppendReply, AppendRequest, EndedReply, StartedReply } from '../../../worker/rpc.ts';
import type { RunRow } from '../../../worker/store/host-runs-store.ts';

const RUN = { taskId: 'task', attempt: 2, log: 'pool/day/0' };
const RUNNING = { rev: 2, at: 5, attempt: 2, status: 'running' } as const;
const COMPLETED = { rev: 3, at: 9, attempt: 2, status: 'completed' } as const;
const NEVER = () => Promise.reject(new Error('not expected'));

function said(content: string): AgentEvent {
  return { type: 'log', content, timestamp: 1 };
}

function events(first: number | null, ...contents: string[]): TaskJob {
  return { kind: 'events', run: RUN, first, events: contents.map(said), size: 10 };
}

function ended(seq: number | null, log: string | null = RUN.log): TaskJob {
  return { kind: 'ended', run: RUN, log, seq, end: { kind: 'completed', result: { success: true } } };
}

/** The neighbours of a lane, recording what they are told, in order. */
class World {
  readonly calls: string[] = [];
  readonly sent: Down[] = [];
  readonly postponed: RunRef[] = [];
  row: RunRow | null = { ...RUN, epoch: 4, started: false, events: 0, abortedEpoch: 0 };
  stored = 0;
  newest = true;
  started: () => Promise<StartedReply> = async () => ({ kind: 'ok', entries: [RUNNING] });
  end: () => Promise<EndedReply> = async () => ({ kind: 'committed', entries: [COMPLETED] });
  append: (request: AppendRequest) => Promise<AppendReply> = async ({ batch }) => {
    if (batch !== null) this.stored = batch.first + batch.events.length - 1;
    return { stored: this.stored, closed: false };
  };

  readonly deps: HandlerDeps = {
    hostId: () => 'box',
    isNewest: () => this.newest,
    report: (_, call) =>
      call(
        {
          mayConnect: NEVER,
          hostRegistered: NEVER,
          hostDisconnected: NEVER,
          hostAlive: NEVER,
          taskStarted: () => this.note('started', this.started),
          taskEnded: () => this.note('ended', this.end),
          taskRefused: () => this.note('refused', async () => {}),
          lateEnd: NEVER,
          approvalsNoted: () => this.note('approvals', async () => 'ok' as const),
          inputAcked: () => this.note('input acked', async () => {}),
        },
        { hostId: 'box', epoch: 4 },
      ),
    log: () => ({
      append: (request) => this.note(this.describe(request), () => this.append(request)),
      appendStatus: NEVER,
      ackedSeq: () => this.note('acked?', async () => this.stored),
      read: NEVER,
      archive: NEVER,
      bodies: NEVER,
    }),
    runs: {
      held: () => this.row,
      started: () => {
        if (this.row !== null) this.row = { ...this.row, started: true };
      },
      counted: (_, __, count) => {
        if (this.row !== null) this.row = { ...this.row, events: count };
      },
      remove: () => {
        this.row = null;
      },
    },
    stored: new StoredSeqs(),
    persist: (_, call) => callUntil(call, (tries) => tries < 5, { random: () => 0, sleep: async () => {} }),
    once: (call) => call(),
    reply: (_, frame) => {
      this.sent.push(frame);
    },
    abortStray: (_, taskId) => {
      this.sent.push({ type: 'task:abort', taskId });
    },
    settleEnd: () => {
      this.calls.push('settled');
    },
    postponeEnd: (run) => {
      this.postponed.push(run);
    },
  };
  readonly lanes = new Lanes(
    (job, origin, memory) => perform(this.deps, job, origin, memory),
    (taskId, memory) => flush(this.deps, taskId, memory),
  );

  async run(protocol: 1 | 2, ...jobs: TaskJob[]): Promise<void> {
    const origin: Origin = { ws: null, epoch: 4, protocol };
    await Promise.all(jobs.map((job) => this.lanes.push(job, origin)));
  }

  private note<T>(name: string, answer: () => Promise<T>): Promise<T> {
    this.calls.push(name);
    return answer();
  }

  private describe({ status, batch, end }: AppendRequest): string {
    const words = [...status.map((record) => record.status)];
    const said = batch?.events.map((event) => event.content) ?? [];
    const at = batch === null ? [] : [`${batch.source}:${batch.first}`];
    return ['append', ...words, ...at, ...said, ...end.map((record) => record.status)].join(' ');
  }
}

describe('[R7] one order', () => {
  it('hands the status records on ahead of the first events, and merges what waits', async () => {
    const world = new World();
    await world.run(2, { kind: 'started', run: RUN, sessionId: '' }, events(1, 'a'), events(2, 'b', 'c'), ended(3));
    expect(world.calls).toEqual(['started', 'append running 0:1 a b c', 'ended', 'append completed']);
    expect(world.sent).toEqual([
      { type: 'task:ack', taskId: 'task', attempt: 2, seq: 3 },
      { type: 'task:settled', taskId: 'task', attempt: 2, outcome: 'committed' },
    ]);
    expect(world.row).toBe(null);
  });

  it('takes an event as a start', async () => {
    const world = new World();
    await world.run(1, events(null, 'a'), events(null, 'b'));
    expect(world.calls).toEqual(['started', 'append running 4:1 a', 'append 4:2 b']);
  });

  it('writes a start alone when nothing follows', async () => {
    const world = new World();
    await world.run(2, { kind: 'started', run: RUN, sessionId: '' });
    expect(world.calls).toEqual(['started', 'append running']);
  });

  it('forwards no end before every earlier event is stored', async () => {
    const world = new World();
    world.stored = 3;
    await world.run(2, ended(5));
    expect(world.calls).toEqual(['acked?', 'append']);
    expect(world.sent).toEqual([
      { type: 'task:ack', taskId: 'task', attempt: 2, seq: 3 },
      { type: 'task:settled', taskId: 'task', attempt: 2, outcome: 'retry', retryAfter: 1000 },
    ]);
  });

  it('lets an end through when the log is closed: it takes no more events', async () => {
    const world = new World();
    world.append = async () => ({ stored: 0, closed: true });
    world.end = async () => ({ kind: 'superseded' });
    await world.run(2, ended(5));
    expect(world.sent).toEqual([{ type: 'task:settled', taskId: 'task', attempt: 2, outcome: 'superseded' }]);
  });
});

describe('[R6] calls that fail', () => {
  it('appends again until it is stored, under the same numbers', async () => {
    const world = new World();
    const { append } = world;
    world.append = vi.fn(append).mockRejectedValueOnce(new Error('reset')).mockRejectedValueOnce(new Error('reset'));
    await world.run(1, events(null, 'a'));
    expect(world.calls.slice(1)).toEqual(Array(3).fill('append running 4:1 a'));
  });

  it('a log that stays away costs its own task only', async () => {
    const world = new World();
    world.append = () => Promise.reject(new Error('down'));
    for (const level of ['warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(() => {});
    await world.run(2, events(1, 'a'));
    await world.run(2, { kind: 'input-acked', run: RUN, inputId: 'x' });
    vi.restoreAllMocks();
    expect(world.calls.at(-1)).toBe('input acked');
    expect(world.sent).toEqual([]);
  });

  it('[L4] asks version 2 to send its result again, and keeps that of version 1', async () => {
    const world = new World();
    world.end = () => Promise.reject(new Error('down'));
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    await world.run(2, ended(0));
    await world.run(1, ended(null));
    error.mockRestore();
    expect(world.sent).toEqual([
      { type: 'task:settled', taskId: 'task', attempt: 2, outcome: 'retry', retryAfter: 1000 },
    ]);
    expect(world.postponed).toEqual([RUN]);
    expect(world.row).not.toBe(null);
  });

  it('settles a committed end even when its log cannot be reached', async () => {
    const world = new World();
    world.append = () => Promise.reject(new Error('down'));
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    await world.run(1, ended(null));
    warn.mockRestore();
    expect(world.calls.at(-1)).toBe('settled');
  });
});

describe('[L2] fencing', () => {
  it('forgets a run that the scheduler calls superseded, and says so', async () => {
    const world = new World();
    world.started = async () => ({ kind: 'superseded' });
    await world.run(2, events(1, 'a'));
    expect(world.row).toBe(null);
    expect(world.sent).toEqual([{ type: 'task:settled', taskId: 'task', attempt: 2, outcome: 'superseded' }]);
    expect(world.calls).toEqual(['started']);
  });

  it('tells version 1 to stop instead', async () => {
    const world = new World();
    world.started = async () => ({ kind: 'superseded' });
    await world.run(1, events(null, 'a'));
    expect(world.sent).toEqual([{ type: 'task:abort', taskId: 'task' }]);
  });

  it('passes the end of a foreign attempt on, and its reason back', async () => {
    const world = new World();
    world.end = async () => ({ kind: 'rejected', reason: 'no such task' });
    await world.run(2, ended(7, null));
    expect(world.calls).toEqual(['ended']);
    expect(world.sent).toEqual([
      { type: 'task:settled', taskId: 'task', attempt: 2, outcome: 'rejected', reason: 'no such task' },
    ]);
  });

  it('[R5] drops what a replaced version-2 connection had said', async () => {
    const world = new World();
    world.newest = false;
    await world.run(2, events(1, 'a'), ended(1));
    expect(world.calls).toEqual([]);
  });
});
