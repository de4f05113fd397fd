/** Pure: no clock, no randomness, no storage, no network. Takes known secrets, and what looks like one, out of texts. */
import { utf8Length } from '../../shared/utf8.ts';
import { openShapeAt, SHAPE_PATTERN } from './secret-shapes.ts';

/** Bytes. A shorter value would be found in harmless words, and is no secret. */
export const MIN_REDACTED_BYTES = 8;
/** Characters of a secret's end that are taken for one where a text was cut at its beginning; fewer say nothing. */
const MIN_CUT_CHARS = 4;

/** Stands in the place of a secret. */
export const REDACTED = '[redacted]';

export interface Redactor {
  /** In every form in which they are looked for. */
  readonly secrets: readonly string[];
  /** Finds them and the known shapes. */
  readonly pattern: RegExp;
}

export interface RedactedText {
  text: string;
  /** How many passages were taken out. */
  count: number;
}

/** For these secrets: as they are, each of their lines, and as they stand in JSON or in a URL. Short ones are left out. */
export function redactorOf(values: readonly string[]): Redactor {
  const lines = values.flatMap((value) => [value, ...value.split(/\r?\n/).map((line) => line.trim())]);
  const forms = lines.flatMap((value) => [value, inJson(value), inJson(inJson(value)), inUrl(value)]);
  const secrets = [...new Set(forms)]
    .filter((secret) => utf8Length(secret) >= MIN_REDACTED_BYTES)
    // Of two that begin alike the longer one is found.
    .sort((a, b) => b.length - a.length);
  return { secrets, pattern: new RegExp([...secrets.map(escaped), SHAPE_PATTERN].join('|'), 'g') };
}

export function redactText({ pattern }: Redactor, text: string): RedactedText {
  let count = 0;
  const redacted = text.replace(pattern, () => {
    count += 1;
    return REDACTED;
  });
  return { text: redacted, count };
}

/** The same for a text that may have lost its beginning, and with it a part of a secret. */
export function redactTail(redactor: Redactor, text: string): RedactedText {
  const cut = redactor.secrets.reduce((longest, secret) => Math.max(longest, endOf(secret, text)), 0);
  const rest = redactText(redactor, text.slice(cut));
  return cut === 0 ? rest : { text: REDACTED + rest.text, count: rest.count + 1 };
}

/** How many characters of the text's beginning are the end of the secret. */
function endOf(secret: string, text: string): number {
  for (let length = Math.min(secret.length - 1, text.length); length >= MIN_CUT_CHARS; length -= 1)
    if (text.startsWith(secret.slice(-length))) return length;
  return 0;
}

/** A copy of a JSON value with every text in it redacted, names included. It may not nest deeper than the stack allows. */
export function redactValue<T>(redactor: Redactor, value: T): { value: T; count: number };
export function redactValue(redactor: Redactor, value: unknown): { value: unknown; count: number } {
  let count = 0;
  const text = (before: string): string => {
    const after = redactText(redactor, before);
    count += after.count;
    return after.text;
  };
  const copy = (before: unknown): unknown => {
    if (typeof before === 'string') return text(before);
    if (Array.isArray(before)) return before.map(copy);
    if (typeof before !== 'object' || before === null) return before;
    return Object.fromEntries(Object.entries(before).map(([name, each]) => [text(name), copy(each)]));
  };
  return { value: copy(value), count };
}

/**
 * How much of a text that goes on can be told now: up to where a secret may begin that is not whole yet. A secret that is whole is
 * never divided.
 */
export function settledLength({ secrets, pattern }: Redactor, text: string): number {
  const shapeAt = openShapeAt(text);
  const cut = secrets.reduce((least, secret) => Math.min(least, text.length - beginningOf(secret, text)), shapeAt);
  for (const { index, 0: found } of text.matchAll(pattern)) {
    const end = index + found.length;
    if (index >= cut) break;
    // One of a known shape may go on with the text; a known secret is whole.
    if (end > cut) return end === text.length && !secrets.includes(found) ? index : end;
  }
  return cut;
}

/** How many characters of the text's end are the beginning of the secret. */
function beginningOf(secret: string, text: string): number {
  for (let length = Math.min(secret.length - 1, text.length); length > 0; length -= 1)
    if (text.endsWith(secret.slice(0, length))) return length;
  return 0;
}

function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function inUrl(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    // Half of a pair of surrogates has no form in a URL.
    return text;
  }
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
