import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { CONFIG_FILE_ENV, CONFIG_FILE_FLAG, SETTINGS, settingNames } from './settings.ts';

/** What the daemon does with running agents when it is told to end. */
export type ExitMode = 'leave' | 'drain' | 'abort';

export interface Flags {
  help: boolean;
  version: boolean;
  exitMode: ExitMode;
  /** Value of each flag that was given, by its name without dashes. */
  values: Readonly<Record<string, string>>;
}

/** The other command. */
export const ENROLL_USAGE = 'agent-gateway enroll --server URL --code CODE [--host-id ID] [--state-dir DIR]';

const SWITCHES = {
  drain: { type: 'boolean' },
  'abort-on-exit': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** Reads the command line; throws a `ConfigError` for an unknown flag or a missing value. */
export function parseFlags(argv: readonly string[]): Flags {
  const named = [...settingNames().map((name) => SETTINGS[name].flag), CONFIG_FILE_FLAG];
  const strings = Object.fromEntries(named.map((flag) => [flag, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({ args: [...argv], options: { ...strings, ...SWITCHES }, strict: true });
    const given = Object.entries(z.record(z.string(), z.unknown()).parse(values)).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    if (values.drain === true && values['abort-on-exit'] === true)
      throw new ConfigError('--drain and --abort-on-exit exclude each other');
    return {
      help: values.help === true,
      version: values.version === true,
      exitMode: values.drain === true ? 'drain' : values['abort-on-exit'] === true ? 'abort' : 'leave',
      values: Object.fromEntries(given),
    };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    throw new ConfigError(`${reason} (see --help)`);
  }
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(24)} ${right}`;
}

/** The text of `--help`. */
export function helpText(): string {
  const settings = settingNames().map((name) => {
    const { flag, placeholder, help, env } = SETTINGS[name];
    return `${row(`--${flag} ${placeholder}`, help)}\n${row('', env)}`;
  });
  return [
    'agent-gateway: runs coding agents on this machine for a gateway server.',
    '',
    'Usage: agent-gateway [flags]',
    `       ${ENROLL_USAGE}`,
    '',
    'Flags win over environment variables, and those over the JSON file.',
    '',
    ...settings,
    row(`--${CONFIG_FILE_FLAG} FILE`, 'JSON file with the same settings, and programs as agents'),
    row('', CONFIG_FILE_ENV),
    row('--drain', 'when told to end: wait for running agents'),
    row(
      '--abort-on-exit',
      'when told to end: end running agents too (default: they go on, and the next start picks them up)',
    ),
    row('-h, --help', 'this text'),
    row('-v, --version', 'the version'),
    '',
    'Exit codes: 0 ended as told, 2 bad configuration, 77 refused by the server, 78 another daemon took over.',
    '',
  ].join('\n');
}
