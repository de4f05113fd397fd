import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { describeIssues } from '../../shared/zod-issues.ts';
import { type PermissionRule, permissionRuleSchema } from '../domain/permission-rules.ts';
import { ConfigError } from './config-error.ts';
import { SETTINGS, settingNames } from './settings.ts';
import { customAgentsSchema, wrapSchema } from './value-schemas.ts';
import { type WorktreeSettings, worktreeSettingsSchema } from './worktree-settings.ts';

/** The JSON file: every setting by its own name, judged later with the other sources; `agents` defines programs, `permissions` what they may do, `wrap` what runs around them, `worktree` where they work apart. */
const fileSchema = z.strictObject({
  ...Object.fromEntries(
    settingNames()
      .filter((name) => name !== 'agents')
      .map((name) => [name, z.unknown().optional()]),
  ),
  agents: customAgentsSchema.optional(),
  permissions: z.array(permissionRuleSchema).optional(),
  wrap: wrapSchema.optional(),
  worktree: worktreeSettingsSchema.optional(),
});

export interface ConfigFile {
  path: string;
  values: Readonly<Record<string, unknown>>;
  agents: z.infer<typeof customAgentsSchema>;
  /** What agents may do, the first rule that fits decides. */
  permissions: PermissionRule[];
  /** Runs around every agent; null: nothing does. */
  wrap: string[] | null;
  worktree: WorktreeSettings;
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
    if (!named && isMissing(error))
      return { path, values: {}, agents: {}, permissions: [], wrap: null, worktree: worktreeSettingsSchema.parse({}) };
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
  const {
    agents = {},
    permissions = [],
    wrap = null,
    worktree = worktreeSettingsSchema.parse({}),
    ...values
  } = parsed.data;
  return { path, values, agents, permissions, wrap, worktree };
}
