/** Pure: no clock, no randomness, no storage, no network. Versions of programs, as they print them. */

const VERSION = /(?<![\d.])\d+\.\d+\.\d+(?![\d.])/;

/** The first version, such as `2.1.330`, that stands in the text; null for none. What follows it, as in `-rc.1`, is left out. */
export function versionIn(text: string): string | null {
  return VERSION.exec(text)?.[0] ?? null;
}

/** Whether `version` is `least` or newer; both have numbers and dots, and a number that is missing counts as 0. */
export function isAtLeast(version: string, least: string): boolean {
  const [mine, wanted] = [version.split('.'), least.split('.')];
  for (const [index, number] of wanted.entries()) {
    const difference = Number(mine[index] ?? 0) - Number(number);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
