import type { z } from 'zod';
import { fieldIssues } from '../../shared/zod-issues.ts';
import { ConfigError } from './config-error.ts';
import type { ConfigFile } from './config-file.ts';
import type { Flags } from './flags.ts';
import { SETTINGS, type SettingName } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting's raw value with the source that won. */
export interface Given {
  value: unknown;
  /** As a person would look for it: `--cwd`, `GATEWAY_CWD`, `"cwd" in /etc/gateway.json`. */
  source: string;
}

/** The three sources, in falling precedence. An empty variable or flag is an absent one. */
export class Sources {
  readonly #flags: Flags['values'];
  readonly #environment: Environment;
  readonly #file: ConfigFile | null;

  constructor(flags: Flags['values'], environment: Environment, file: ConfigFile | null) {
    this.#flags = flags;
    this.#environment = environment;
    this.#file = file;
  }

  given(name: SettingName): Given | null {
    const { flag, env } = SETTINGS[name];
    const fromFlag = this.#flags[flag];
    if (fromFlag !== undefined && fromFlag !== '') return { value: fromFlag, source: `--${flag}` };
    const fromEnvironment = this.#environment[env];
    if (fromEnvironment !== undefined && fromEnvironment !== '') return { value: fromEnvironment, source: env };
    const fromFile = this.#file?.values[name];
    if (fromFile !== undefined && this.#file !== null)
      return { value: fromFile, source: `"${name}" in ${this.#file.path}` };
    return null;
  }

  /** The setting's value by its schema, or undefined when no source has it. Throws a `ConfigError` that names the source. */
  read<T>(name: SettingName, schema: z.ZodType<T>): T | undefined {
    const given = this.given(name);
    if (given === null) return undefined;
    const parsed = schema.safeParse(given.value);
    if (parsed.success) return parsed.data;
    const complaints = fieldIssues(parsed.error, '').map(({ field, message }) => `${field} ${message}`.trim());
    throw new ConfigError(`${given.source}: ${complaints.join('; ')}`);
  }
}
