import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { SETTINGS } from '../gateway/config/settings.ts';
import { EXIT } from '../gateway/exit-codes.ts';
import { createTaskSchema } from '../shared/api/tasks.ts';
import { CLOSE } from '../shared/close-codes.ts';
import { ERROR_STATUS, FAILURE_CODES } from '../shared/errors.ts';
import { agentEventSchema } from '../shared/event.ts';
import { FEATURES } from '../shared/features.ts';
import { gatewayConfigSchema, hostCapabilitiesSchema } from '../shared/host.ts';
import { downSchema } from '../shared/protocol/down.ts';
import { HEARTBEAT_REQUEST, HEARTBEAT_RESPONSE } from '../shared/protocol/heartbeat.ts';
import { registerV1Schema, registerV2Schema, reportedRunSchema } from '../shared/protocol/register.ts';
import { registeredV1Schema, runVerdictSchema } from '../shared/protocol/registered.ts';
import { runRefSchema } from '../shared/protocol/run-ref.ts';
import { PERMANENT_REFUSALS, TEMPORARY_REFUSALS } from '../shared/protocol/task-refused.ts';
import { upV1Schema, upV2Schema } from '../shared/protocol/up.ts';
import { serverSettingsSchema } from '../shared/settings.ts';
import {
  hostLostPolicySchema,
  taskRequestSchema,
  taskRequestV1Schema,
  taskResultSchema,
  taskResultV1Schema,
  taskSchema,
  WAITING_REASONS,
} from '../shared/task.ts';
import { OPERATIONS } from '../worker/http/openapi/operations.ts';
import { codeSpans, headings, linksOf, sections, table } from './support/markdown.ts';
import { projectFiles, ROOT, readProjectFile } from './support/source-tree.ts';

type Shape = Readonly<Record<string, z.ZodType>>;

const files = projectFiles();
const protocol = readProjectFile('docs/protocol.md');
const api = readProjectFile('docs/api.md');
const settings = readProjectFile('docs/settings.md');

/** A cell's code, without the backticks and the italics of an optional field. */
function plain(cell: string | undefined): string {
  return (cell ?? '').replace(/[`*]/g, '');
}

/** Field → version since when, of every object schema by the name of its section. */
function describeShape(v1: Shape | null, v2: Shape | null): Record<string, string> {
  const names = new Set([...Object.keys(v1 ?? {}), ...Object.keys(v2 ?? {})]);
  names.delete('type');
  return Object.fromEntries([...names].map((name) => [name, v1 !== null && name in v1 ? '1' : '2']));
}

function byType(options: readonly z.ZodObject[]): Map<string, Shape> {
  return new Map(options.map(({ shape }) => [String(shape.type instanceof z.ZodLiteral && shape.type.value), shape]));
}

/** Fields of frames that only version 2 uses, where one schema serves both versions. */
const ONLY_V2_FIELDS = new Set(['attempt', 'inputId']);
const ONLY_V2_FRAMES = new Set([
  'heartbeat:ok',
  'task:ack',
  'task:settled',
  'approval:decided',
  'task:finish',
  'token:renewed',
]);

function frames(): Map<string, Record<string, string>> {
  const result = new Map<string, Record<string, string>>();
  const upV1 = byType([...upV1Schema.options, registerV1Schema]);
  const upV2 = byType([...upV2Schema.options, registerV2Schema]);
  for (const type of new Set([...upV1.keys(), ...upV2.keys()])) {
    result.set(type, describeShape(upV1.get(type) ?? null, upV2.get(type) ?? null));
  }
  for (const [type, shape] of byType(downSchema.options[0].options)) {
    const since1 = Object.entries(shape).filter(([name]) => !ONLY_V2_FIELDS.has(name) && type !== 'registered');
    const v1 = type === 'registered' ? registeredV1Schema.shape : Object.fromEntries(since1);
    result.set(type, describeShape(ONLY_V2_FRAMES.has(type) ? null : v1, shape));
  }
  return result;
}

const FORMS: Record<string, Record<string, string>> = {
  HostCapabilities: describeShape(hostCapabilitiesSchema.shape, null),
  TaskRequest: describeShape(taskRequestV1Schema.shape, taskRequestSchema.shape),
  TaskResult: describeShape(taskResultV1Schema.shape, taskResultSchema.shape),
  GatewayConfig: describeShape(gatewayConfigSchema.shape, null),
  AgentEvent: { type: '1', ...describeShape(agentEventSchema.shape, null) },
  RunRef: describeShape(null, runRefSchema.shape),
  ReportedRun: describeShape(null, reportedRunSchema.shape),
  RunVerdict: describeShape(null, runVerdictSchema.shape),
};

describe('docs/protocol.md', () => {
  const bySection = sections(protocol, 3);
  const documented = (name: string) =>
    Object.fromEntries(
      table(bySection.get(name) ?? '')
        .filter(([, since]) => since === '1' || since === '2')
        .map(([field, since]) => [plain(field), since]),
    );

  test.each([...frames()])('`%s` stands there with every field and its version', (type, fields) => {
    expect(bySection.has(`\`${type}\``), `a section ### \`${type}\``).toBe(true);
    expect(documented(`\`${type}\``)).toEqual(fields);
  });

  test('names every feature', () => {
    const named = table(sections(protocol, 4).get('Features') ?? '').map(([feature]) => plain(feature));
    expect(named).toEqual([...FEATURES]);
  });

  test.each(Object.entries(FORMS))('%s stands there with every field', (name, fields) => {
    expect(documented(name)).toEqual(fields);
  });

  test('no message stands there that does not exist', () => {
    const messages = [...bySection.keys()].filter((name) => name.startsWith('`')).map(plain);
    expect(messages.sort()).toEqual([...frames().keys()].sort());
  });

  test('every close code, refusal and heartbeat text stands there', () => {
    const codes = table(sections(protocol, 3).get('Close codes') ?? '').map(([code, name]) => [
      plain(name),
      Number(code),
    ]);
    expect(Object.fromEntries(codes)).toEqual(CLOSE);
    const refusals = codeSpans(bySection.get('`task:refused`') ?? '');
    expect(refusals).toEqual(expect.arrayContaining([...TEMPORARY_REFUSALS, ...PERMANENT_REFUSALS]));
    expect(codeSpans(protocol)).toEqual(expect.arrayContaining([HEARTBEAT_REQUEST, HEARTBEAT_RESPONSE]));
  });
});

describe('docs/api.md', () => {
  /** Routes as the code declares them: `resource(app, '/path', { GET: …, POST: … })`. */
  function declaredRoutes(): string[] {
    const sources = files.filter((path) => path.startsWith('worker/http/routes/')).map(readProjectFile);
    return sources.flatMap((source) =>
      [...source.matchAll(/resource\(\s*app,\s*'([^']+)',\s*\{([\s\S]*?)\}\);/g)].flatMap(([, path, methods = '']) =>
        [...methods.matchAll(/\b(GET|POST|PATCH|PUT|DELETE):/g)].map(([, method]) => `${method} ${path}`),
      ),
    );
  }

  test('every route, and no other', () => {
    const documented = table(sections(api, 2).get('Routes') ?? '').map(([route]) => plain(route));
    expect(declaredRoutes().length).toBeGreaterThan(0);
    expect(documented.sort()).toEqual(declaredRoutes().sort());
  });

  test('every route in the OpenAPI document, for the same roles', () => {
    const documented = table(sections(api, 2).get('Routes') ?? '').map(([route, , roles]) => [plain(route), roles]);
    const described = Object.entries(OPERATIONS).map(([route, { roles }]) => [route, roles?.join(', ') ?? 'no token']);
    expect(described.sort()).toEqual(documented.sort());
  });

  test('every error code with its status', () => {
    const rows = table(sections(api, 2).get('Errors') ?? '').map(([code, status]) => [plain(code), Number(status)]);
    expect(Object.fromEntries(rows)).toMatchObject(ERROR_STATUS);
  });

  test.each([
    ['Failure codes', FAILURE_CODES],
    ['Waiting reasons', WAITING_REASONS],
  ] as const)('%s', (section, expected) => {
    const rows = table(sections(api, 3).get(section) ?? '').map(([code]) => plain(code));
    expect(rows.sort()).toEqual([...expected].sort());
  });

  test('every policy for a lost host', () => {
    const rows = table(sections(api, 4).get('When its host is lost') ?? '').map(([policy]) => plain(policy));
    expect(rows).toEqual(hostLostPolicySchema.options);
  });

  test('every field of a task, given and answered', () => {
    const given = table(sections(api, 3).get('`POST /api/tasks`') ?? '').map(([field]) => plain(field));
    expect(given.sort()).toEqual(Object.keys(createTaskSchema.shape).sort());
    const answered = table(sections(api, 3).get('A task') ?? '').flatMap(([field = '']) => codeSpans(field));
    expect(answered.sort()).toEqual(Object.keys(taskSchema.shape).sort());
  });
});

describe('docs/settings.md', () => {
  test('every server setting with its default, also in wrangler.toml', () => {
    const defaults = Object.entries(serverSettingsSchema.parse({})).map(([name, value]) => [name, String(value)]);
    const rows = table(sections(settings, 2).get('Server') ?? '').slice(0, defaults.length);
    expect(rows.map(([name, value]) => [plain(name), value === 'empty' ? '' : value])).toEqual(defaults);
    const vars = /\[vars\]\n([\s\S]*?)\n\n/.exec(readProjectFile('wrangler.toml'))?.[1] ?? '';
    expect([...vars.matchAll(/^(\w+) = "(.*)"$/gm)].map(([, name, value]) => [name, value])).toEqual(defaults);
  });

  test('every gateway setting under its three names', () => {
    const rows = table(sections(settings, 2).get('Gateway') ?? '').map((row) => row.slice(0, 3).map(plain));
    expect(rows).toEqual(Object.entries(SETTINGS).map(([name, { env, flag }]) => [name, env, `--${flag}`]));
  });

  test('every exit code stands in docs/operating.md', () => {
    const rows = table(readProjectFile('docs/operating.md')).map(([code]) => Number(code));
    expect(rows).toEqual(expect.arrayContaining(Object.values(EXIT)));
  });
});

test('[R11] services stop the daemon alone, and start it again only where that can help', () => {
  const deploying = readProjectFile('docs/deploying.md');
  const [, unit] = /^# \/etc\/systemd\/system\/agent-gateway\.service$([\s\S]*?)^```$/m.exec(deploying) ?? [];
  const noRestart = [EXIT.REFUSED, EXIT.REPLACED, EXIT.CONFIG];
  expect(unit).toMatch(/^KillMode=process$/m);
  expect(unit).toMatch(new RegExp(`^RestartPreventExitStatus=${noRestart.join(' ')}$`, 'm'));
  expect(deploying).toContain(`treekill: false, stop_exit_codes: [${noRestart.join(', ')}]`);
});

describe('docs/security.md', () => {
  const promises = table(sections(readProjectFile('docs/security.md'), 2).get('What is promised') ?? '');

  test.each(promises.map(([promise = '', held = '']) => [promise, held]))('%s', (_promise, held) => {
    const tests = codeSpans(held);
    expect(tests).not.toEqual([]);
    expect(tests.filter((path) => !path.endsWith('.test.ts') || !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

describe('rules, words and links', () => {
  const rules = [...readProjectFile('SPEC.md').matchAll(/^- \*\*([A-Z]\d+)\*\*/gm)].map(([, id]) => id ?? '');
  const tests = files.filter((path) => /\.test\.ts$/.test(path));
  const usedIn = tests.flatMap((path) =>
    [...readProjectFile(path).matchAll(/\[([LRC]\d+)\]/g)].map(([, id]) => ({ path, id: id ?? '' })),
  );

  test('every rule has one entry', () => {
    expect(new Set(rules).size).toBe(rules.length);
    expect(rules).toEqual(expect.arrayContaining(['L1', 'L12', 'R1', 'R13', 'C1', 'C5']));
  });

  test('a test names only rules that exist', () => {
    expect(usedIn.filter(({ id }) => !rules.includes(id))).toEqual([]);
  });

  test.each(rules.filter((id) => id.startsWith('L')))('%s is proved by a test that names it', (id) => {
    expect(usedIn.filter((use) => use.id === id).map(({ path }) => path)).not.toEqual([]);
  });

  test('each word of CONTEXT.md stands there once', () => {
    const terms = [...readProjectFile('CONTEXT.md').matchAll(/^- \*\*(.+?)\*\*:/gm)].map(([, term]) => term);
    expect(terms.length).toBeGreaterThan(20);
    expect(terms.filter((term, index) => terms.indexOf(term) !== index)).toEqual([]);
  });

  test('decisions are numbered without holes and have the four parts', () => {
    const decisions = files.filter((path) => path.startsWith('docs/decisions/'));
    expect(decisions.map((path) => Number(posix.basename(path).slice(0, 4)))).toEqual(
      decisions.map((_, index) => index + 1),
    );
    for (const path of decisions) {
      const parts = [...sections(readProjectFile(path), 2).keys()];
      expect(parts, path).toEqual(['Context', 'Decision', 'Consequences', 'Alternatives']);
    }
  });

  test.each(files.filter((path) => path.endsWith('.md')))('links of %s lead somewhere', (path) => {
    const broken = linksOf(readProjectFile(path)).filter(({ target, anchor }) => {
      const file = target === '' ? path : posix.join(posix.dirname(path), target);
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== '' && !headings(readProjectFile(file)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('every package, script and workspace command that is named exists', () => {
    const manifest = z
      .object({
        scripts: z.record(z.string(), z.string()),
        dependencies: z.record(z.string(), z.string()),
        devDependencies: z.record(z.string(), z.string()),
      })
      .parse(JSON.parse(readProjectFile('package.json')));
    const lists = sections(readProjectFile('docs/dependencies.md'), 2);
    // That one is compared with the lock files.
    lists.delete('Install scripts');
    const packages = [...lists.values()].flatMap(table).flatMap(([names = '']) => codeSpans(names));
    expect(packages.sort()).toEqual(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).sort());
    const commands = files
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) =>
        [...readProjectFile(path).matchAll(/\bnpm run (?:--silent )?([\w:]+)/g)].map(([, name]) => name ?? ''),
      );
    expect(commands.filter((name) => !(name in manifest.scripts))).toEqual([]);
  });
});
