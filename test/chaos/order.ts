import { z } from 'zod';

/** What an agent is asked to do; the prompt of a task, as JSON. */
export const orderSchema = z.strictObject({
  /** Names the task in every line and record. */
  label: z.string(),
  lines: z.int().min(0),
  pauseMs: z.int().min(0),
  /** Two-byte characters that make a line long. */
  padding: z.int().min(0),
  exitCode: z.int().min(0).max(255),
  /** Directory of the records. */
  records: z.string(),
});
export type Order = z.infer<typeof orderSchema>;

const LINE = /^(\S+) (\d+) (\d+) ·*$/;

export interface PrintedLine {
  label: string;
  pid: number;
  number: number;
}

/** A line as an agent prints it; null for anything else. */
export function parseLine(text: string): PrintedLine | null {
  const [, label, pid, number] = LINE.exec(text) ?? [];
  return label === undefined ? null : { label, pid: Number(pid), number: Number(number) };
}
