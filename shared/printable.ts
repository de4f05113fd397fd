/**
 * What a terminal would act on or show in another place than it stands: control characters but line feed and tab, line separators, and the marks
 * that turn the direction of writing.
 */
const UNPRINTABLE = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text of a stranger's as it may be written to a terminal: what is not printable stands there by its code. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
