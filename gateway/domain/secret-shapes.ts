/** Pure: no clock, no randomness, no storage, no network. Tokens that can be told by their looks, as those who issue them document. */

interface SecretShape {
  /** What any of them begins with. */
  prefix: string;
  /** What follows, at least. A class and a count alone: whatever stands in the text, it is read once. */
  rest: string;
}

const WORD = '[A-Za-z0-9_-]';

const SHAPES: readonly SecretShape[] = [
  // Anthropic, OpenAI, OpenRouter and many others.
  { prefix: 'sk-', rest: `${WORD}{20,}` },
  // GitHub.
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((prefix) => ({ prefix, rest: '[A-Za-z0-9]{36,}' })),
  { prefix: 'github_pat_', rest: `${WORD}{22,}` },
  // GitLab.
  { prefix: 'glpat-', rest: `${WORD}{20,}` },
  // Slack.
  ...['xoxa-', 'xoxb-', 'xoxe-', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-'].map((prefix) => ({
    prefix,
    rest: `${WORD}{10,}`,
  })),
  // Amazon, by long and by short life.
  ...['AKIA', 'ASIA'].map((prefix) => ({ prefix, rest: '[A-Z0-9]{16,}' })),
  // Google.
  { prefix: 'AIza', rest: `${WORD}{35,}` },
  { prefix: 'ya29\\.', rest: `${WORD}{20,}` },
  { prefix: 'npm_', rest: '[A-Za-z0-9]{36,}' },
  // A JSON Web Token, such as ours.
  { prefix: 'eyJ', rest: `${WORD}{8,}\\.eyJ${WORD}{8,}\\.${WORD}{8,}` },
];

/** A private key as PEM, in a text or escaped in JSON; to its end, or as far as it goes. */
const PRIVATE_KEY =
  '-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[A-Za-z0-9+/=\\s\\\\]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?';

/** Source of a pattern that finds them. A token does not begin within a word: else each part of a long one would be tried. */
export const SHAPE_PATTERN = [...SHAPES.map(({ prefix, rest }) => `(?<!${WORD})${prefix}${rest}`), PRIVATE_KEY].join(
  '|',
);

const PREFIXES = [...SHAPES.map(({ prefix }) => prefix.replaceAll('\\', '')), '-----BEGIN'];
const LAST_WORD = /[A-Za-z0-9_.-]+$/;
/** Characters beyond which a word at the end is waited for no longer; a token is shorter. */
const MAX_TOKEN_CHARS = 4096;

/** Where a token begins that may go on after the text; its length when there is none. */
export function openShapeAt(text: string): number {
  const word = LAST_WORD.exec(text.slice(-MAX_TOKEN_CHARS))?.[0];
  const mayGoOn = word !== undefined && PREFIXES.some((prefix) => word.startsWith(prefix) || prefix.startsWith(word));
  return text.length - (mayGoOn ? word.length : 0);
}
