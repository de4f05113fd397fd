const SECONDS_PER_UNIT = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const DURATION = /^([1-9][0-9]{0,8})([smhd])$/;

/** Seconds of `90s`, `30m`, `12h` or `7d`; null for anything else. */
export function secondsOf(text: string): number | null {
  const [, digits, unit] = DURATION.exec(text) ?? [];
  if (digits === undefined) return null;
  const factor = unit === 'm' || unit === 'h' || unit === 'd' ? SECONDS_PER_UNIT[unit] : SECONDS_PER_UNIT.s;
  return Number(digits) * factor;
}
