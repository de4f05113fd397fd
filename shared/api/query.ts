import { z } from 'zod';

/** 15 digits stay below the integers that a number holds exactly. */
const DIGITS = /^[0-9]{1,15}$/;
const MAX_INTEGER = 10 ** 15 - 1;

/** The size of a page: more than `max` is answered with `max`, as the page says where it ends. */
export function pageSize(fallback: number, max: number) {
  return queryInteger(1)
    .transform((limit) => Math.min(limit, max))
    .default(fallback);
}

/** A whole number as a query or header carries it: digits alone, so neither an empty value nor `0x10` passes for one. */
export function queryInteger(min: number, max: number = MAX_INTEGER) {
  return (
    z
      .string()
      .regex(DIGITS, 'must be a whole number')
      // What a client means by it, whatever it looks like in a URL.
      .meta({ type: 'integer', pattern: undefined, minimum: min, maximum: max })
      .transform(Number)
      .pipe(z.int().min(min).max(max))
  );
}
