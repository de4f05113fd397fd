import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, projectFiles, readProjectFile, withoutText } from './support/source-tree.ts';

/** No file may need scrolling to be understood. */
const MAX_LINES = 300;

interface Rule {
  name: string;
  applies(path: string): boolean;
  /** What breaks the rule, in words; empty when nothing does. */
  violations(path: string, source: string): string[];
  /** A file that must be found guilty: the proof that the rule can fail. */
  guilty: [path: string, source: string];
}

function within(...folders: string[]) {
  return (path: string): boolean => folders.some((folder) => path.startsWith(`${folder}/`)) && isCode(path);
}

function isCode(path: string): boolean {
  return /\.(ts|tsx|js|mjs)$/.test(path);
}

/** A relative specifier as a path from the root; a package name as it is. */
function resolved(from: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : specifier;
}

/** `allowed` ends with "/" or "*" for all that begins so, else names one module; `types` may be imported as types only. */
function importRule(
  name: string,
  applies: Rule['applies'],
  allowed: string[],
  guilty: Rule['guilty'],
  types: string[] = [],
): Rule {
  const matches = (target: string, pattern: string) =>
    /[/*]$/.test(pattern) ? target.startsWith(pattern.replace('*', '')) : target === pattern;
  return {
    name,
    applies,
    guilty,
    violations: (path, source) =>
      importsOf(source)
        .filter(({ specifier, typeOnly }) => {
          const target = resolved(path, specifier);
          return ![...allowed, ...(typeOnly ? types : [])].some((pattern) => matches(target, pattern));
        })
        .map(({ specifier }) => `imports ${specifier}`),
  };
}

/** `pattern` must not occur in code; comments and, unless told, the contents of strings are no code. */
function codeRule(
  name: string,
  applies: Rule['applies'],
  pattern: RegExp,
  guilty: Rule['guilty'],
  strip = withoutText,
): Rule {
  const global = new RegExp(pattern, 'g');
  return {
    name,
    applies,
    guilty,
    violations: (_path, source) => [...strip(source).matchAll(global)].map(([found]) => `has ${found.trim()}`),
  };
}

const inDomain = (path: string): boolean => /^(worker|gateway)\/(?:.*\/)?domain\//.test(path) && isCode(path);
const WORKER_PACKAGES = ['hono', 'hono/', 'jose', 'zod', 'cloudflare:*'];
const GATEWAY_PACKAGES = ['node:*', 'ws', 'zod', '@logtape/'];
const LOCAL_PACKAGES = ['esbuild', 'eventsource-parser/', 'jose', 'zod', 'node:*'];

/** Who may read the process's environment: where programs are put together, and what starts their children. */
const ENVIRONMENT_READERS = [
  /^gateway\/main\.ts$/,
  /^gateway\/config\//,
  /^gateway\/supervisor\/(main|launch)\.ts$/,
  /^local\//,
  /^test\//,
  /^vitest\.config\.ts$/,
];

const RULES: Rule[] = [
  importRule(
    'shared/ stands on zod alone',
    within('shared'),
    ['zod', 'shared/'],
    ['shared/a.ts', "import { hostname } from 'node:os';"],
  ),
  importRule(
    'worker/ stands on shared/ and its own packages',
    within('worker'),
    ['shared/', 'worker/', ...WORKER_PACKAGES],
    ['worker/a.ts', "import { load } from '../gateway/config/load.ts';"],
  ),
  importRule(
    'gateway/ stands on shared/ and its own packages',
    within('gateway'),
    ['shared/', 'gateway/', ...GATEWAY_PACKAGES],
    ['gateway/runs/a.ts', "export type { Env } from '../../worker/env.ts';"],
  ),
  importRule(
    'local/ starts things, it imports neither side',
    within('local'),
    ['shared/', 'local/', ...LOCAL_PACKAGES],
    ['local/a.ts', "const worker = await import('../worker/index.ts');"],
    ['worker/rpc.ts'],
  ),
  importRule(
    'domain/ stands on domain/ and shared/',
    inDomain,
    ['shared/', 'worker/domain/', 'gateway/domain/', 'zod'],
    ['worker/domain/a.ts', "import { logObjectName } from '../names.ts';"],
    ['worker/rpc.ts', 'worker/rpc-figures.ts', 'gateway/runs/files.ts'],
  ),
  importRule(
    'worker/store/ stands on domain/ and shared/',
    within('worker/store'),
    ['shared/', 'worker/store/', 'worker/domain/', 'zod'],
    ['worker/store/a.ts', "import { HostDO } from '../objects/host/host-do.ts';"],
    ['worker/rpc.ts', 'worker/rpc-access.ts', 'worker/rpc-figures.ts', 'cloudflare:*'],
  ),
  importRule(
    'worker/http/ knows the objects by worker/rpc.ts alone',
    within('worker/http'),
    [
      'shared/',
      'worker/http/',
      'worker/rpc.ts',
      'worker/rpc-access.ts',
      'worker/rpc-figures.ts',
      'worker/names.ts',
      'worker/secrets.ts',
      'worker/token.ts',
      'worker/with-deadline.ts',
      'worker/domain/network.ts',
      'worker/domain/rate-window.ts',
      ...WORKER_PACKAGES,
    ],
    ['worker/http/routes/a.ts', "import { LogStore } from '../../store/log-store.ts';"],
    ['worker/env.ts'],
  ),
  codeRule(
    'domain/ has no clock, randomness, network or timer',
    inDomain,
    /\bDate\.now\b|\bMath\.random\b|\bnew Date\(\s*\)|\bperformance\.\w+|\bcrypto\.\w+|\bfetch\(|\bset(?:Timeout|Interval|Immediate)\b|\bawait\b|\bprocess\.\w+/,
    ['worker/domain/a.ts', 'const at = Date.now();'],
  ),
  {
    name: 'domain/ says at its head what it is',
    applies: inDomain,
    violations: (_path, source) =>
      /^(?:(?:import|export \*) [^;]*;\s*)*\/\*\*(?:(?!\*\/)[\s\S])*\b(?:pure|data only)\b/i.test(source)
        ? []
        : ['has no head comment that says "pure" or "data only"'],
    guilty: ['gateway/domain/a.ts', 'export const x = 1;'],
  },
  codeRule(
    'no type is forced',
    isCode,
    /\bas (?!const\b)[A-Z{([a-z]|[:<]\s*any\b(?!\.)/,
    ['worker/a.ts', 'const x = value as unknown;'],
    (source) => withoutText(source).replace(/\b(?:import|export)\b[^;=]*?\bfrom\b[^;]*;/g, ''),
  ),
  {
    name: 'no checker is silenced',
    applies: isCode,
    violations: (_path, source) =>
      [...source.matchAll(/@ts-(?:ignore|nocheck|expect-error)|\bbiome[-]ignore|\beslint[-]disable/g)].map(String),
    guilty: ['worker/a.ts', ['// @ts', 'ignore'].join('-')],
  },
  codeRule(
    'transactionSync takes no async callback: it would commit at the first await',
    isCode,
    /transactionSync\(\s*async\b/,
    ['worker/a.ts', 'storage.transactionSync(async () => {});'],
  ),
  codeRule(
    'an object sets no timer but the deadline of a call: it would not hibernate',
    (path) => within('worker/objects', 'worker/store')(path) && !path.endsWith('/calls.ts'),
    /\bset(?:Interval|Timeout)\b/,
    ['worker/objects/a.ts', 'setInterval(beat, 1000);'],
  ),
  codeRule(
    'the environment is read where programs are put together',
    (path) => isCode(path) && !ENVIRONMENT_READERS.some((reader) => reader.test(path)),
    /\bprocess\.env\b/,
    ['gateway/runs/a.ts', 'const home = process.env.HOME;'],
  ),
  codeRule(
    'settings are parsed where objects and the app are put together',
    (path) => within('worker')(path) && !/^worker\/(http\/app|objects\/.*(?:-do|-core|assemble))\.ts$/.test(path),
    /\bparseServerSettings\(/,
    ['worker/http/a.ts', 'parseServerSettings(env);'],
  ),
  codeRule('nothing reaches a shell', within('gateway'), /\bshell:\s*true\b|(?<!\.)\bexec(?:Sync)?\(/, [
    'gateway/process/a.ts',
    "spawn('x', { shell: true });",
  ]),
  codeRule(
    'tests are neither skipped nor repeated until they pass',
    within('test'),
    /\b(?:test|it|describe)\.(?:skip|only|todo|fails)\b|\bretry:\s*[1-9]/,
    ['test/a.test.ts', "test.skip('x');"],
  ),
  {
    name: `no file is longer than ${MAX_LINES} lines`,
    applies: (path) => isCode(path) || path === '.ci/run',
    violations: (_path, source) => {
      const lines = source.split('\n').length - 1;
      return lines > MAX_LINES ? [`has ${lines} lines`] : [];
    },
    guilty: ['shared/a.ts', '\n'.repeat(MAX_LINES + 1)],
  },
  {
    name: 'no path of a developer’s machine',
    applies: (path) => path !== 'package-lock.json',
    violations: (_path, source) =>
      [...source.matchAll(/(?<![\w.*])\/(?:Users|work)\/[\w.-]+/g)].map(([found]) => `names ${found}`),
    guilty: ['README.md', ['see ', 'Users', 'me', 'notes'].join('/')],
  },
];

const files = projectFiles();

describe('the scanner finds what it looks for', () => {
  test.each(RULES.map((rule) => [rule.name, rule] as const))('%s', (_name, rule) => {
    expect(rule.applies(rule.guilty[0])).toBe(true);
    expect(rule.violations(...rule.guilty)).not.toEqual([]);
  });

  test('imports of every form, and none in a comment', () => {
    const source = [
      "import a from './a.ts';",
      "import { b, type B } from './b.ts';",
      "import * as c from './c.ts';",
      "import type { D } from './d.ts';",
      "export * from './e.ts';",
      "import './f.ts';",
      "const g = await import('./g.ts');",
      "import {\n  h,\n} from './h.ts';",
      "// import i from './i.ts';",
      "/* import j from './j.ts'; */",
      "const url = 'http://x'; const k = `import './k.ts'`;",
    ].join('\n');
    const found = importsOf(source).map(({ specifier, typeOnly }) => `${specifier}${typeOnly ? ' type' : ''}`);
    expect(found.sort()).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts type', './e.ts', './f.ts', './g.ts', './h.ts']);
    expect(withoutText("const url = 'Date.now'; // gone")).toBe("const url = ''; ");
  });

  test.each(['shared', 'worker', 'worker/domain', 'gateway', 'gateway/domain', 'local', 'test'])(
    '%s/ has code',
    (folder) => {
      expect(files.filter(within(folder)).length).toBeGreaterThan(0);
    },
  );
});

describe('architecture', () => {
  test.each(RULES.map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
    const found = files
      .filter(rule.applies)
      .flatMap((path) => rule.violations(path, readProjectFile(path)).map((what) => `${path} ${what} (rule: ${name})`));
    expect(found).toEqual([]);
  });
});
