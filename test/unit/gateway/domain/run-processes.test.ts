import { describe, expect, it } from 'vitest';
import { type ProcessEntry, processesOfRun } from '../../../../gateway/domain/run-processes.ts';

const entry = (pid: number, ppid: number, more: Partial<ProcessEntry> = {}): ProcessEntry => ({
  pid,
  ppid,
  session: pid,
  startTime: `t${pid}`,
  zombie: false,
  marked: false,
  cpuMs: 0,
  ...more,
});
const pids = (entries: ProcessEntry[]) => entries.map((found) => found.pid).sort((a, b) => a - b);
const agent = { pid: 10, startTime: 't10' };

describe('[R10] what a sweep ends', () => {
  it('the agent, its descendants of any session, and none else', () => {
    const table = [entry(1, 0), entry(5, 1), entry(10, 5), entry(11, 10), entry(12, 11), entry(20, 5)];
    expect(pids(processesOfRun(table, { agent, known: [], self: 99 }))).toEqual([10, 11, 12]);
  });

  it('what bears the mark, and its descendants, when its parents are gone', () => {
    const table = [entry(1, 0), entry(30, 1, { marked: true }), entry(31, 30), entry(40, 1)];
    expect(pids(processesOfRun(table, { agent: null, known: [], self: 99 }))).toEqual([30, 31]);
  });

  it('never who sweeps, though it bears the mark or is a descendant', () => {
    const table = [entry(1, 0), entry(10, 1), entry(11, 10, { marked: true }), entry(12, 11)];
    expect(pids(processesOfRun(table, { agent, known: [], self: 11 }))).toEqual([10]);
  });

  it("what is in the agent's session, also when the agent is gone", () => {
    const table = [entry(1, 0), entry(33, 1, { session: 10 })];
    expect(pids(processesOfRun(table, { agent, known: [], self: 99 }))).toEqual([33]);
  });

  it('what is in a session that a marked process began, or one that was found before', () => {
    const table = [
      entry(1, 0),
      entry(10, 1, { marked: true }),
      entry(31, 1, { session: 10 }),
      entry(33, 1, { session: 20 }),
      entry(40, 1),
    ];
    const known = [{ pid: 20, startTime: 't20' }];
    expect(pids(processesOfRun(table, { agent: null, known, self: 99 }))).toEqual([10, 31, 33]);
  });

  it("no neighbour in somebody else's session of what a server there started for the run", () => {
    const shell = entry(20, 1);
    const server = entry(21, 1, { session: 20 });
    const worker = entry(22, 21, { session: 20, marked: true });
    const orphaned = [entry(61, 1, { session: 60 }), entry(62, 61, { session: 60, marked: true })];
    const table = [entry(1, 0), shell, server, worker, ...orphaned];
    expect(pids(processesOfRun(table, { agent, known: [], self: 99 }))).toEqual([22, 62]);
  });

  it('never the sweeper or its session, whatever it started for the run', () => {
    const git = entry(98, 99, { session: 99, marked: true });
    const table = [entry(99, 10), git, entry(97, 1, { session: 99 })];
    expect(pids(processesOfRun(table, { agent, known: [], self: 99 }))).toEqual([98]);
  });

  it('what an earlier look found, when nothing else tells any more', () => {
    const table = [entry(1, 0), entry(50, 1), entry(51, 50)];
    expect(pids(processesOfRun(table, { agent: null, known: [{ pid: 50, startTime: 't50' }], self: 99 }))).toEqual([
      50, 51,
    ]);
  });

  it('never a process that has the pid of one that is gone', () => {
    const table = [entry(1, 0), entry(10, 1, { startTime: 'later' }), entry(11, 10, { session: 10 })];
    const known = [{ pid: 11, startTime: 'earlier' }];
    expect(processesOfRun(table, { agent, known, self: 99 })).toEqual([]);
  });

  it('zombies count as gone, their children do not', () => {
    const table = [entry(10, 1, { zombie: true }), entry(11, 10)];
    expect(pids(processesOfRun(table, { agent, known: [], self: 99 }))).toEqual([11]);
  });
});
