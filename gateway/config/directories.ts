import { existsSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isErrno, isFullDisk } from '../runs/durable.ts';
import { RUNS, TRANSIENT_PREFIX } from '../runs/run-directory.ts';
import { ConfigError } from './config-error.ts';
import { SETTINGS } from './settings.ts';
import type { Environment, Sources } from './sources.ts';

/** Only the owner may read what runs leave behind: prompts and output. */
const PRIVATE_DIRECTORY = 0o700;
export const PRIVATE_FILE = 0o600;

/** `$XDG_STATE_HOME/agent-gateway`, or `~/.local/state/agent-gateway`. The standard wants relative values ignored. */
export function defaultStateDir(environment: Environment): string {
  const base = environment.XDG_STATE_HOME;
  const state = base?.startsWith('/') ? base : join(homedir(), '.local', 'state');
  return join(state, 'agent-gateway');
}

/** The path without symlinks. Throws a `ConfigError` when it is no directory. */
function existingDirectory(path: string, source: string): string {
  try {
    const real = realpathSync(resolve(path));
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    throw new ConfigError(`${source}: ${error instanceof Error ? error.message : error}; create it or name another`);
  }
  throw new ConfigError(`${source}: ${path} is not a directory`);
}

function realOrSame(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/**
 * Where tasks without a directory run. The daemon's working directory does, unless that is `/` or the home directory:
 * agents loose in there must be somebody's wish.
 */
export function workingDirectory(sources: Sources, processCwd: string): string {
  const named = sources.read('cwd', SETTINGS.cwd.schema);
  const given = sources.given('cwd');
  if (named !== undefined && given !== null) return existingDirectory(named, given.source);
  const cwd = existingDirectory(processCwd, 'working directory');
  if (cwd === '/' || cwd === realOrSame(homedir()))
    throw new ConfigError(
      `agents would run in ${cwd}: start the daemon in a project directory, or name a directory with --cwd or GATEWAY_CWD (this one, if you mean it)`,
    );
  return cwd;
}

export function allowedRoots(sources: Sources, cwd: string): string[] {
  const source = sources.given('allowedRoots')?.source ?? '';
  return (
    sources.read('allowedRoots', SETTINGS.allowedRoots.schema)?.map((root) => existingDirectory(root, source)) ?? [cwd]
  );
}

/**
 * Makes the state directory and the one for runs in it, for the owner alone, and tries both. Throws a `ConfigError` when one cannot
 * be made, read or written: found out with the first task, it would be that task's trouble. A full disk is none of this.
 */
export function makeStateDir(path: string): string {
  const real = usableDirectory(path);
  usableDirectory(join(real, RUNS));
  return real;
}

function usableDirectory(path: string): string {
  try {
    makeDirectory(path);
    const real = realpathSync(path);
    readdirSync(real);
    tryToWrite(join(real, `${TRANSIENT_PREFIX}probe-${process.pid}`));
    return real;
  } catch (error) {
    throw new ConfigError(
      `cannot use the state directory, ${path}: ${error instanceof Error ? error.message : error}; let this user read and write there, or name another with --state-dir or GATEWAY_STATE_DIR`,
    );
  }
}

/** Step by step: Node's own recursive way never returns where a file system, such as /proc, refuses new directories. */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    mkdirSync(path, { mode: PRIVATE_DIRECTORY });
  } catch (error) {
    // Another start may have been faster; what a link leads to may be missing.
    if (!existsSync(path))
      throw isErrno(error, 'EEXIST')
        ? new Error(`${path} is a link that leads nowhere: make that, or remove it`)
        : error;
  }
}

function tryToWrite(path: string): void {
  try {
    writeFileSync(path, '', { mode: PRIVATE_FILE });
    rmSync(path);
  } catch (error) {
    if (!isFullDisk(error)) throw error;
  }
}
