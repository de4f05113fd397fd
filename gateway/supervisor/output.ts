import type { Readable } from 'node:stream';
import { MAX_OUTPUT_BYTES } from '../../shared/limits.ts';
import type { Driver } from '../agents/driver.ts';
import { type LineStep, lastLine, NO_LINE, splitLines } from '../domain/lines.ts';
import { Tail } from '../domain/tail.ts';
import type { EventSink } from './redacted-events.ts';

export interface OutputDeps {
  events: EventSink;
  driver: Driver;
  now(): number;
  /** Called with each session id, the same one again and again. */
  onSession(sessionId: string): Promise<void>;
}

/** One stream that is being read. */
export interface Reading {
  readonly done: Promise<void>;
  /** ms since something came of it; 0 while what came is still being handed on. */
  quietMs(): number;
}

/** ms. How often a driver that joins what it is told is asked for what has waited. */
const REST_MS = 250;

/** Reads the agent's stdout to its end; each line goes through the driver. Reads on only when the events file keeps up. */
export function readStdout(stream: Readable, deps: OutputDeps): Reading {
  const { driver, events } = deps;
  const reading = readLines(stream, async (lines) => {
    const outcomes = lines.map((line) => driver.line(line, deps.now()));
    await events.append(outcomes.flatMap((outcome) => outcome.events));
    const sessionId = outcomes.at(-1)?.sessionId ?? null;
    if (sessionId !== null) await deps.onSession(sessionId);
  });
  if (driver.rest === undefined) return reading;
  const flush = (now: number) => events.append(driver.rest?.(now) ?? []);
  // What it cannot write the reading cannot either, and says so.
  const timer = setInterval(() => void flush(deps.now()).catch(() => {}), REST_MS);
  const done = reading.done.finally(() => clearInterval(timer)).then(() => flush(Number.POSITIVE_INFINITY));
  return { ...reading, done };
}

/** Reads the agent's stderr to its end: every line is a `log` event, and the tail is kept for a crash. */
export function readStderr(stream: Readable, deps: OutputDeps): Reading & { tail: Tail } {
  const tail = new Tail(MAX_OUTPUT_BYTES);
  const reading = readLines(stream, async (lines) => {
    const timestamp = deps.now();
    for (const line of lines) tail.append(`${line}\n`);
    await deps.events.append(
      lines.map((line) => ({ type: 'log', content: line, data: { stream: 'stderr' }, timestamp })),
    );
    const sessionId = lines.map((line) => deps.driver.sessionInLog(line)).find((id) => id !== null);
    if (sessionId !== undefined) await deps.onSession(sessionId);
  });
  return { ...reading, tail };
}

function readLines(stream: Readable, onLines: (lines: string[]) => Promise<void>): Reading {
  /** Null while lines are being handed on. */
  let waitingSince: number | null = performance.now();
  const handOn = async (lines: string[]) => {
    waitingSince = null;
    await onLines(lines);
    waitingSince = performance.now();
  };
  const read = async () => {
    // Joins characters that chunks split, and puts U+FFFD for what is no UTF-8.
    stream.setEncoding('utf8');
    let step: LineStep = { state: NO_LINE, lines: [] };
    const chunks = stream.iterator({ destroyOnReturn: true });
    for (;;) {
      const chunk = await nextChunk(chunks);
      if (chunk === null) break;
      step = splitLines(step.state, chunk);
      await handOn(step.lines);
    }
    await handOn(lastLine(step.state));
  };
  return { done: read(), quietMs: () => (waitingSince === null ? 0 : performance.now() - waitingSince) };
}

/** Null at the end, and when the stream was destroyed because its end did not come. */
async function nextChunk(chunks: AsyncIterator<unknown>): Promise<string | null> {
  try {
    const { done, value } = await chunks.next();
    return done === true ? null : String(value);
  } catch {
    return null;
  }
}
