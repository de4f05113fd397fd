import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), optionalDependencies: z.record(z.string(), z.string()).optional() }),
  ),
});

const lock = lockSchema.parse(JSON.parse(readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')));
const optional = Object.entries(lock.packages).flatMap(([from, { optionalDependencies = {} }]) =>
  Object.keys(optionalDependencies).map((name) => ({ from, name })),
);

/**
 * A registry that does not carry a package for some other platform makes npm leave it out of the lock file, and then
 * `npm ci` refuses the lock file everywhere.
 */
test('the lock file names the packages of every platform', () => {
  expect(optional.length).toBeGreaterThan(0);
  const missing = optional.filter(
    ({ from, name }) => ![`${from}/node_modules/${name}`, `node_modules/${name}`].some((path) => path in lock.packages),
  );
  expect(missing).toEqual([]);
});

test('one workerd: tests, bundler and the local server run the same', () => {
  const copies = Object.keys(lock.packages).filter((path) => /(^|\/)node_modules\/workerd$/.test(path));
  expect(copies).toEqual(['node_modules/workerd']);
});
