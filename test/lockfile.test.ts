import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), optionalDependencies: z.record(z.string(), z.string()).optional() }),
  ),
});

const read = (path: string) => lockSchema.parse(JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')));
const lock = read('../package-lock.json');

/**
 * A registry that does not carry a package for some other platform makes npm leave it out of the lock file, and then
 * `npm ci` refuses the lock file everywhere.
 */
test.each([
  ['of the project', lock],
  ['of the agents that are tested', read('./agents/package-lock.json')],
])('the lock file %s names the packages of every platform', (_name, { packages }) => {
  const optional = Object.entries(packages).flatMap(([from, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).map((name) => ({ from, name })),
  );
  expect(optional.length).toBeGreaterThan(0);
  const missing = optional.filter(
    ({ from, name }) => ![`${from}/node_modules/${name}`, `node_modules/${name}`].some((path) => path in packages),
  );
  expect(missing).toEqual([]);
});

test('one workerd: tests, bundler and the local server run the same', () => {
  const copies = Object.keys(lock.packages).filter((path) => /(^|\/)node_modules\/workerd$/.test(path));
  expect(copies).toEqual(['node_modules/workerd']);
});
