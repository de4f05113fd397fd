import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { describeIssues } from '../../shared/zod-issues.ts';
import { ConfigError } from './config-error.ts';
import { SETTINGS, settingNames } from './settings.ts';
import { customAgentsSchema } from './value-schemas.ts';

/** The JSON file: every setting by its own name, judged later with the other sources; `agents` defines programs. */
const fileSchema = z.strictObject({
  ...Object.fromEntries(
    settingNames()
      .filter((name) => name !== 'agents')
      .map((name) => [name, z.unknown().optional()]),
  ),
  agents: customAgentsSchema.optional(),
});

export interface ConfigFile {
  path: string;
  values: Readonly<Record<string, unknown>>;
  agents: z.infer<typeof customAgentsSchema>;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

/** Reads the file. One that is absent counts as empty, unless it was `named`. Throws a `ConfigError`. */
export function readConfigFile(path: string, named: boolean): ConfigFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!named && isMissing(error)) return { path, values: {}, agents: {} };
    throw new ConfigError(
      `cannot read the configuration file ${path}: ${error instanceof Error ? error.message : error}`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${path} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    const known = [...settingNames().filter((name) => name in SETTINGS)].join(', ');
    throw new ConfigError(`${path}: ${describeIssues(parsed.error, 'file')} (known settings: ${known})`);
  }
  const { agents, ...values } = parsed.data;
  return { path, values, agents: agents ?? {} };
}
