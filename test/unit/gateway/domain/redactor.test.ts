import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  REDACTED,
  redactorOf,
  redactTail,
  redactText,
  redactValue,
  settledLength,
} from '../../../../gateway/domain/redactor.ts';

const SECRET = 'correct horse battery';
const redacted = (text: string, ...secrets: string[]) => redactText(redactorOf(secrets), text).text;

describe('[R23] known secrets are taken out of texts', () => {
  it.each([
    ['as it is', SECRET, `a ${SECRET} b ${SECRET}`, `a ${REDACTED} b ${REDACTED}`],
    ['in JSON', 'quo"te\\d line', 'x "quo\\"te\\\\d line" y', `x "${REDACTED}" y`],
    ['in JSON in JSON', 'quo"ted text', JSON.stringify(JSON.stringify('quo"ted text')), `"\\"${REDACTED}\\""`],
    ['in a URL', 'p@ss/word 1', 'https://u:p%40ss%2Fword%201@h', `https://u:${REDACTED}@h`],
    ['line by line', 'first line\n  second line', 'second line', REDACTED],
    ['with signs that mean something in a pattern', 'a+b*(c)[d]', 'xa+b*(c)[d]x', `x${REDACTED}x`],
    ['the longer of two', SECRET, `${SECRET} staple`, REDACTED, `${SECRET} staple`],
    ['eight bytes in other scripts', 'ключи', 'мои ключи!', `мои ${REDACTED}!`],
  ])('%s', (_, secret, text, expected, ...more) => {
    expect(redacted(text, secret, ...more)).toBe(expected);
  });

  it('a value of less than eight bytes is no secret', () => {
    expect(redacted('a true value 1234567', 'true', '1234567', '')).toBe('a true value 1234567');
  });

  it('in names and texts of a value, whatever it holds', () => {
    const value = { [SECRET]: [`say ${SECRET}`, 1, null, true, { deep: SECRET }] };
    expect(redactValue(redactorOf([SECRET]), value)).toEqual({
      value: { [REDACTED]: [`say ${REDACTED}`, 1, null, true, { deep: REDACTED }] },
      count: 3,
    });
  });

  it('where a text has lost its beginning, what may be the end of one goes too', () => {
    const tail = (text: string) => redactTail(redactorOf([SECRET]), text).text;
    expect(tail(`horse battery and ${SECRET}`)).toBe(`${REDACTED} and ${REDACTED}`);
    expect(tail('ery well')).toBe('ery well');
    expect(tail('nothing of it')).toBe('nothing of it');
  });
});

describe('[R23] tokens are told by their looks', () => {
  const word = (length: number) => 'aB3'.repeat(length).slice(0, length);
  it.each([
    `sk-ant-api03-${word(40)}`,
    `sk-proj-${word(40)}`,
    `ghp_${word(36)}`,
    `github_pat_${word(40)}`,
    `glpat-${word(20)}`,
    `xoxb-${word(20)}`,
    `AKIA${'AB3D'.repeat(4)}`,
    `AIza${word(35)}`,
    `ya29.${word(40)}`,
    `npm_${word(36)}`,
    `eyJ${word(20)}.eyJ${word(40)}.${word(43)}`,
    `-----BEGIN RSA PRIVATE KEY-----\n${word(64)}\n${word(10)}==\n-----END RSA PRIVATE KEY-----`,
    `-----BEGIN PRIVATE KEY-----\\n${word(64)}\\n-----END PRIVATE KEY-----`,
  ])('%s', (token) => {
    expect(redacted(`key=${token}, and more`)).toBe(`key=${REDACTED}, and more`);
  });

  it.each([
    'sk-learn and disk-usage-of-all-the-directories',
    'the task-0123456789012345678901234567',
    'eyJust. words',
    'AKIA',
  ])('not %s', (text) => {
    expect(redacted(text)).toBe(text);
  });

  it.each([
    'eyJ-'.repeat(500_000),
    'sk-'.repeat(700_000),
    'eyJaaaaaaaaaa.'.repeat(200_000),
    '-----BEGIN PRIVATE KEY-----'.repeat(80_000),
    '-----BEGIN PRIVATE KEY '.repeat(90_000),
    'xoxb-'.repeat(400_000),
  ])('reads 2 MB of anything once: %#', (text) => {
    // It would take hours, not the test's time limit, were each beginning tried to the end.
    expect(redacted(text).length).toBeGreaterThan(0);
    expect(settledLength(redactorOf([]), text)).toBeLessThanOrEqual(text.length);
  });
});

describe('[R23] a text that goes on', () => {
  it('in pieces of any size says no secret, and all else', () => {
    const secret = fc.stringMatching(/^[ab]{8,12}$/);
    const run = (secrets: string[], text: string, sizes: number[]) => {
      const redactor = redactorOf(secrets);
      let told = '';
      let held = '';
      for (let at = 0, piece = 0; at < text.length; piece += 1) {
        const size = sizes[piece % sizes.length] ?? 1;
        held += text.slice(at, at + size);
        at += size;
        const length = settledLength(redactor, held);
        told += redactText(redactor, held.slice(0, length)).text;
        held = held.slice(length);
      }
      return told + redactText(redactor, held).text;
    };
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        fc.array(fc.oneof(fc.constantFrom('x', 'a', 'b', 'ab'), secret), { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (secrets, parts, sizes) => {
          const text = parts.flatMap((part, index) => [part, secrets[index % secrets.length] ?? '']).join('');
          const told = run(secrets, text, sizes);
          for (const each of secrets) expect(told).not.toContain(each);
        },
      ),
    );
    fc.assert(
      fc.property(fc.string(), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (text, sizes) => {
        expect(run(['no such text'], text, sizes)).toBe(redacted(text));
      }),
    );
  });
});
