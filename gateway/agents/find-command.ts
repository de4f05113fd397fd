import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { commandNames, isShim, shimTarget } from '../domain/command-shim.ts';
import type { AgentSpec } from '../runs/files.ts';

/** What commands are found by, on Windows; elsewhere it is their names alone. */
const PATH_EXT = process.platform === 'win32' ? '.EXE;.COM;.CMD;.BAT' : null;

/**
 * A command as a process can be made of it, without a shell: the absolute path of the executable, or, where a shim of Windows stands for a
 * script, Node.js with that. A name with a slash is relative to the current directory, any other searched on `pathVariable`: the agent
 * starts in the task's directory, where a relative path would mean something else. Null when there is none. `pathExt`: the endings
 * of Windows; null elsewhere.
 */
export async function findCommand(
  name: string,
  pathVariable: string,
  pathExt: string | null = PATH_EXT,
): Promise<string[] | null> {
  const names = pathExt === null ? [name] : commandNames(name, pathExt);
  const directories = /[/\\]/.test(name) ? [''] : pathVariable.split(delimiter);
  for (const directory of directories) {
    for (const each of names) {
      const path = resolve(join(directory, each));
      if (!(await isExecutable(path))) continue;
      const command = pathExt !== null && isShim(path) ? await shimCommand(path) : [path];
      if (command !== null) return command;
    }
  }
  return null;
}

async function shimCommand(path: string): Promise<string[] | null> {
  const target = shimTarget(await readFile(path, 'utf8'));
  if (target === null) return null;
  const called = resolve(dirname(path), target.path.replaceAll('\\', sep));
  return target.isScript ? [process.execPath, called] : [called];
}

/** A command with its executable as an absolute path; null when that is not there. */
export async function resolveCommand(words: readonly string[], pathVariable: string): Promise<string[] | null> {
  const [executable = '', ...args] = words;
  const command = await findCommand(executable, pathVariable);
  return command === null ? null : [...command, ...args];
}

/** The same for an agent. */
export async function resolveAgent(spec: AgentSpec, pathVariable: string): Promise<AgentSpec | null> {
  const command = await resolveCommand(spec.command, pathVariable);
  return command === null ? null : { ...spec, command };
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
