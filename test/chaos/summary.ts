/** The figures of a run, as text. Pure. */
import type { Struck } from './faults.ts';
import { FAULT_KINDS } from './plan.ts';

export interface Outcome {
  seed: number;
  seconds: number;
  struck: readonly Struck[];
  /** Final attempt and status of every task, by its label. */
  ended: ReadonlyMap<string, { attempt: number; status: string }>;
  /** Lines in all logs. */
  lines: number;
  watched: number;
  /** How often the agents of all hosts were counted, and the most that one host had at once. */
  samples: number;
  mostAtOnce: number;
  maxConcurrent: number;
  violations: readonly string[];
}

/** What became of the agents that were at work where a kind of fault struck. */
interface Row {
  faults: number;
  underWay: number;
  /** The task ended in the attempt that was struck, other than by a failure. */
  kept: number;
  /** The same, as a failure: its own, or the one that the fault was. */
  failed: number;
  /** A later attempt ended the task. */
  moved: number;
}

function rowOf(kind: string, { struck, ended }: Outcome): Row {
  const row: Row = { faults: 0, underWay: 0, kept: 0, failed: 0, moved: 0 };
  for (const { underWay } of struck.filter((each) => each.kind === kind)) {
    row.faults += 1;
    for (const { label, run } of underWay) {
      const end = ended.get(label);
      if (end === undefined) continue;
      row.underWay += 1;
      if (!run.endsWith(`.${end.attempt}`)) row.moved += 1;
      else if (end.status === 'failed') row.failed += 1;
      else row.kept += 1;
    }
  }
  return row;
}

function counted(values: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].map(([value, count]) => `${count} ${value}`).join(', ');
}

export function summary(outcome: Outcome): string {
  const { seed, seconds, struck, ended, violations } = outcome;
  const columns = ['faults', 'under way', 'kept', 'failed', 'moved'];
  const line = (name: string, cells: readonly (string | number)[]) =>
    `${name.padEnd(18)}${cells.map((cell) => String(cell).padStart(11)).join('')}`;
  const rows = FAULT_KINDS.map((kind) => {
    const { faults, underWay, kept, failed, moved } = rowOf(kind, outcome);
    return line(kind, [faults, underWay, kept, failed, moved]);
  });
  const again = [...ended.values()].filter(({ attempt }) => attempt > 1).length;
  return [
    `chaos: seed ${seed}, ${seconds} s, ${struck.length} faults, ${ended.size} tasks`,
    '',
    line('fault', columns),
    ...rows,
    '',
    'under way: agents at work where it struck; kept: ended in that attempt; failed: the same, as a failure; moved: a later attempt ended the task',
    `tasks: ${counted([...ended.values()].map(({ status }) => status))}; ${again} took more than one attempt`,
    `logs: ${outcome.lines} lines, each once and in order; ${outcome.watched} streams followed to their end`,
    `capacity: at most ${outcome.mostAtOnce} of ${outcome.maxConcurrent} agents at once on a host, ${outcome.samples} samples`,
    violations.length === 0
      ? 'nothing lost, nothing doubled, nothing left running'
      : `BROKEN PROMISES: ${violations.length}`,
    ...violations.map((what) => `  ${what}`),
  ].join('\n');
}
