#!/usr/bin/env node
import { printable } from '../shared/printable.ts';
import { resolveCommand } from './agents/find-command.ts';
import { ConfigError } from './config/config-error.ts';
import { type Flags, helpText, parseFlags } from './config/flags.ts';
import { type DaemonConfig, loadConfig } from './config/load.ts';
import { lockStateDir } from './config/lock.ts';
import { CONFIG_FILE_ENV, SETTINGS, settingNames } from './config/settings.ts';
import { runDaemon } from './daemon.ts';
import { isReadableOnTheWay } from './domain/plain-text.ts';
import { enroll } from './enroll.ts';
import { EXIT } from './exit-codes.ts';
import { log, startLogging } from './logger.ts';
import { agentTable } from './policy/agent-table.ts';
import type { Policy } from './policy/check-task.ts';
import { withoutNpmBins } from './policy/npm-bins.ts';
import { isInside } from './policy/roots.ts';
import { packageVersion } from './version.ts';

/** npm hands on the Ctrl-C that the terminal has sent to its children already: what follows so soon is the same one. */
const NPM_COPY_MS = 500;

/** The first one ends in order, a terminal that closes too; the second ends now: the run directories make that safe. */
function stopOnSignals(onSecond: () => void): AbortSignal {
  const stop = new AbortController();
  const copyMs = process.env.npm_lifecycle_event === undefined ? 0 : NPM_COPY_MS;
  let firstAt = 0;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (!stop.signal.aborted) firstAt = performance.now();
      else if (performance.now() - firstAt >= copyMs) onSecond();
      stop.abort();
    });
  }
  return stop.signal;
}

async function policyOf(config: DaemonConfig): Promise<Policy> {
  const environment = withoutNpmBins(process.env);
  const searchPath = environment.PATH ?? '';
  const table = await agentTable(searchPath, config.customAgents, config.agents);
  const { agents, versions, withoutProgram, unknown } = table;
  // Arguments may hold what is nobody's business.
  for (const [name, { protocol, command }] of agents)
    log.info('agent {name}: {program}, by {protocol}', {
      name,
      program: command[0],
      protocol,
      version: versions.get(name),
    });
  for (const name of withoutProgram) log.warn('the program of the agent {name} is not there', { name });
  for (const name of unknown) log.warn('GATEWAY_AGENTS names {name}, which is not there', { name });
  if (agents.size === 0)
    log.error('NO AGENT FOUND: this host will get no tasks. Searched PATH: {searchPath}', { searchPath });
  const { cwd, allowedRoots, passEnv, taskEnv, secretEnv, models, maxTimeoutMs, permissions } = config;
  const wrap = config.wrap === null ? null : await resolveCommand(config.wrap, searchPath);
  // Without it agents would run unwrapped.
  if (config.wrap !== null && wrap === null)
    throw new ConfigError(`"wrap": the program ${config.wrap[0]} is not there`);
  const owner = { passEnv, taskEnv, secretEnv, models, maxTimeoutMs, wrap, permissions };
  return { agents, cwd, allowedRoots, environment, ...owner };
}

function warnOfPlainText({ serverUrl }: DaemonConfig): void {
  if (isReadableOnTheWay(serverUrl)) log.warn('{serverUrl} is not encrypted: others can read the token', { serverUrl });
}

function warnOfUselessDirectory({ cwd, allowedRoots }: DaemonConfig): void {
  if (!allowedRoots.some((root) => isInside(cwd, root)))
    log.warn('tasks that name no directory will be refused: {cwd} is outside the allowed roots', { cwd });
}

function warnOfUnknownVariables(): void {
  const known = new Set<string>([CONFIG_FILE_ENV, ...settingNames().map((name) => SETTINGS[name].env)]);
  for (const name of Object.keys(process.env))
    if (name.startsWith('GATEWAY_') && !known.has(name)) log.warn('{name} is no setting of the daemon', { name });
}

async function serve(flags: Flags): Promise<number> {
  const config = loadConfig(flags.values, process.env, process.cwd());
  startLogging(config.authToken);
  const lock = await lockStateDir(config.stateDir);
  const stop = stopOnSignals(() => {
    lock.release();
    process.exit(EXIT.OK);
  });
  try {
    const version = packageVersion();
    log.info('agent-gateway {version}, host {hostId}', { version, hostId: config.hostId, stateDir: config.stateDir });
    warnOfUnknownVariables();
    warnOfUselessDirectory(config);
    warnOfPlainText(config);
    const policy = await policyOf(config);
    return await runDaemon({ config, policy, version, exitMode: flags.exitMode, stop });
  } finally {
    lock.release();
  }
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    const [command, ...rest] = argv;
    if (command === 'enroll') return await enroll(rest, process.env);
    const flags = parseFlags(argv);
    if (flags.help) process.stdout.write(helpText());
    else if (flags.version) process.stdout.write(`${packageVersion()}\n`);
    else return await serve(flags);
    return EXIT.OK;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // What a server has said may be in it.
    process.stderr.write(`agent-gateway: ${printable(error.message)}\n`);
    return EXIT.CONFIG;
  }
}

process.exitCode = await main(process.argv.slice(2));
// Watches and timers of runs that are left to the next daemon must not keep this one.
process.exit();
