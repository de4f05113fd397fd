import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { sections, table } from './support/markdown.ts';
import { readProjectFile } from './support/source-tree.ts';

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      dev: z.boolean().default(false),
      hasInstallScript: z.boolean().default(false),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
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

const nameOf = (path: string) => path.replace(/^.*node_modules\//, '');

test('what runs code while it is installed stands in docs/dependencies.md', () => {
  const scripts = (packages: typeof lock.packages, of: string) =>
    Object.entries(packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => [nameOf(path), of]);
  const rows = table(sections(readProjectFile('docs/dependencies.md'), 2).get('Install scripts') ?? '');
  expect(rows.map(([name, of]) => [name, of].map((cell) => cell?.replaceAll('`', '')))).toEqual([
    ...scripts(lock.packages, 'the checkout'),
    ...scripts(read('./agents/package-lock.json').packages, 'test/agents'),
  ]);
});

test('a host installs three packages, and none of them runs code for that', () => {
  const shipped = Object.entries(lock.packages).filter(([path, { dev }]) => path !== '' && !dev);
  expect(shipped.map(([path]) => nameOf(path)).toSorted()).toEqual(['@logtape/logtape', 'ws', 'zod']);
  expect(shipped.filter(([, { hasInstallScript }]) => hasInstallScript)).toEqual([]);
});
