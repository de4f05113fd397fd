import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ENVIRONMENT_BINDINGS, OBJECT_CLASSES, workerdConfig } from '../../../local/workerd-config.ts';

const wrangler = readFileSync(new URL('../../../wrangler.toml', import.meta.url), 'utf8');
const all = (pattern: RegExp): string[] => [...wrangler.matchAll(pattern)].map(([, value = '']) => value);

describe('the local server is configured as the deployed one [C4]', () => {
  test('the same objects under the same names', () => {
    const bindings = wrangler.split('[[durable_objects.bindings]]').slice(1);
    const names = bindings.map((block) => /name = "(\w+)"\s+class_name = "(\w+)"/.exec(block)?.slice(1));
    expect(names).toEqual(Object.entries(OBJECT_CLASSES));
    const migrated = all(/new_sqlite_classes = \[(.*)\]/g).join();
    for (const name of Object.values(OBJECT_CLASSES)) expect(migrated).toContain(`"${name}"`);
  });

  test('the same settings and secrets [C5]', () => {
    const vars = wrangler.split('[vars]')[1]?.split('[[')[0] ?? '';
    const names = [...vars.matchAll(/^(\w+) =/gm)].map(([, name]) => name);
    expect([...names, 'JWT_SECRET', 'JWT_SECRET_PREVIOUS'].sort()).toEqual([...ENVIRONMENT_BINDINGS].sort());
  });

  test('no value stands in the configuration', () => {
    const config = workerdConfig('2026-11-17');
    for (const name of ENVIRONMENT_BINDINGS)
      expect(config).toContain(`(name = "${name}", fromEnvironment = "${name}")`);
    expect(config).toContain('compatibilityDate = "2026-11-17"');
  });
});
