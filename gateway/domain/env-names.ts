/** Pure: no clock, no randomness, no I/O. Which environment names match which globs. */
import { matchesGlob } from './glob.ts';

/**
 * Tests names against globs, in which `*` stands for any part. Case is ignored: `http_proxy` and `HTTP_PROXY` mean the same
 * to those who read them.
 */
function nameMatcher(globs: readonly string[]): (name: string) => boolean {
  const patterns = globs.map((pattern) => pattern.toLowerCase());
  return (name) => patterns.some((pattern) => matchesGlob(pattern, name.toLowerCase()));
}

/** The daemon's own: its token among them. No agent gets them, no task sets them, whatever else is allowed. */
const RESERVED = nameMatcher(['GATEWAY_*', 'AGENT_GATEWAY_*']);

/** What a task may not set by default: names by which a prompt's author would rule more than the agent. */
const DENIED_TO_TASKS = [
  'PATH',
  'HOME',
  'XDG_*',
  'TMPDIR',
  'LD_*',
  'DYLD_*',
  'NODE_OPTIONS',
  'GIT_*',
  // Shell start-up files, and functions that bash takes from the environment.
  'BASH_ENV',
  'ENV',
  'ZDOTDIR',
  'BASH_FUNC_*',
  '*_BASE_URL',
  '*_proxy',
  '*CERT*',
  // By which a CLI finds its owner's configuration, or is told that what it does is confined.
  'CLAUDE_*',
  'GEMINI_CLI_*',
  'GEMINI_SANDBOX*',
  'CODEX_*',
  'IS_SANDBOX',
  'SANDBOX*',
  'BUILD_SANDBOX',
];

/** Which names a task may set. `allowed`: the owner's globs, or null for all but the dangerous ones and the `owners`. */
export function taskMaySet(allowed: readonly string[] | null, owners: readonly string[]): (name: string) => boolean {
  const matches = nameMatcher(allowed ?? [...DENIED_TO_TASKS, ...owners]);
  return (name) => !RESERVED(name) && matches(name) === (allowed !== null);
}

/** What every agent gets of the daemon's environment. */
const PASSED_TO_AGENTS = [
  'HOME',
  'PATH',
  'LANG',
  'LANGUAGE',
  'LC_*',
  'TZ',
  'XDG_*',
  'TMPDIR',
  'TMP',
  'TEMP',
  // Proxies and certificates.
  '*_proxy',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  // What the agents' own CLIs document.
  'OPENCODE_*',
  'ANTHROPIC_*',
  'CLAUDE_*',
  'DISABLE_AUTOUPDATER',
  'DISABLE_TELEMETRY',
  'DISABLE_ERROR_REPORTING',
  'GEMINI_*',
  'GOOGLE_*',
  'OPENAI_*',
  'CODEX_*',
];

/** Which names of the daemon's environment an agent gets. */
function agentGets(passEnv: readonly string[]): (name: string) => boolean {
  const matches = nameMatcher([...PASSED_TO_AGENTS, ...passEnv]);
  return (name) => !RESERVED(name) && matches(name);
}

/** What names secrets by custom: keys, tokens and passwords that a host gives its agents. */
const SECRETS = ['*API_KEY', '*ACCESS_KEY', '*TOKEN', '*SECRET*', '*PASSWORD*'];

/**
 * Names in an agent's environment whose values nothing may show that it does: all that the task has set, and of the host's those that name
 * secrets by custom or are the owner's `more`.
 */
export function secretNamesIn(
  environment: Readonly<Record<string, string>>,
  task: Readonly<Record<string, string>>,
  more: readonly string[],
): string[] {
  const isSecret = nameMatcher([...SECRETS, ...more]);
  return Object.keys(environment).filter((name) => Object.hasOwn(task, name) || isSecret(name));
}

/** Set where nothing else sets them: an agent has no terminal and nobody to ask. */
const UNATTENDED = { CI: '1', NO_COLOR: '1', TERM: 'dumb' };

/** The whole environment of an agent: the daemon's allowed names, then the task's. */
export function agentEnvironment(
  daemon: Readonly<Record<string, string | undefined>>,
  passEnv: readonly string[],
  task: Readonly<Record<string, string>>,
): Record<string, string> {
  const gets = agentGets(passEnv);
  const passed = Object.entries(daemon).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && gets(entry[0]),
  );
  return { ...UNATTENDED, ...Object.fromEntries(passed), ...task };
}
