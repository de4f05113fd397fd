/** Pure: no clock, no randomness, no storage, no network. */
import { MAX_OUTPUT_BYTES } from '../../shared/limits.ts';
import { utf8Length } from '../../shared/utf8.ts';
import type { RunEnd, RunFacts } from './outcome.ts';
import { type Redactor, redactTail, redactValue, settledLength } from './redactor.ts';

/** Bytes. A text that was cut to the limit may lack a few of them: no character is divided. */
const CUT_BYTES = MAX_OUTPUT_BYTES - 4;

/**
 * What is known of a run without the secrets in it. Of a long output, and of what stderr said, only the end is there, and of a long diff
 * only the beginning: what a cut has left of a secret goes too.
 */
export function redactFacts(redactor: Redactor, facts: RunFacts): RunFacts {
  const { end, changes } = facts;
  const { diff, diffTruncated } = changes;
  const isDiffCut = diff !== undefined && diffTruncated === true;
  return redactValue(redactor, {
    ...facts,
    end: withoutCutSecret(redactor, end),
    stderrTail: tailOf(redactor, facts.stderrTail),
    changes: isDiffCut ? { ...changes, diff: diff.slice(0, settledLength(redactor, diff)) } : changes,
  }).value;
}

function withoutCutSecret(redactor: Redactor, end: RunEnd): RunEnd {
  switch (end.kind) {
    case 'exited':
      return { ...end, verdict: { ...end.verdict, output: tailOf(redactor, end.verdict.output) } };
    case 'cut':
      return end.verdict === null
        ? end
        : { ...end, verdict: { ...end.verdict, output: tailOf(redactor, end.verdict.output) } };
    default:
      return end;
  }
}

function tailOf(redactor: Redactor, text: string): string {
  return utf8Length(text) < CUT_BYTES ? text : redactTail(redactor, text).text;
}
