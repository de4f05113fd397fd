import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { delimiter, dirname, join, resolve, sep } from 'node:path';
import { commandNames, isShim, shimTarget } from '../domain/command-shim.ts';
import type { AgentSpec, RunRequest } from '../runs/files.ts';
import { acpDriver } from './acp.ts';
import { claudeConversation, claudeDriver } from './claude.ts';
import { codexDriver } from './codex.ts';
import type { Driver } from './driver.ts';
import { geminiDriver } from './gemini.ts';
import { openCodeDriver } from './opencode.ts';
import { textDriver } from './text.ts';

/** The driver for a run; it keeps the state of that run's output. `temporary`: a directory that the run may have for itself. */
export function driverFor(request: RunRequest, temporary: string): Driver {
  const spec = request.agent;
  switch (spec.protocol) {
    case 'opencode':
      return openCodeDriver(request, spec, temporary);
    case 'claude':
      return claudeDriver(request, spec.command, temporary);
    case 'claude-stream':
      return claudeConversation(request, spec.command, temporary);
    case 'gemini':
      return geminiDriver(request, spec.command, temporary);
    case 'codex':
      return codexDriver(request, spec.command);
    case 'acp':
      return acpDriver(request, spec, temporary);
    case 'text':
      return textDriver(request, spec);
  }
}

/** Agents known by name: what to look for on `PATH`, and how to speak to it. */
const KNOWN_AGENTS: Record<string, { executable: string; protocol: 'opencode' | 'claude' | 'gemini' | 'codex' }> = {
  opencode: { executable: 'opencode', protocol: 'opencode' },
  'claude-code': { executable: 'claude', protocol: 'claude' },
  gemini: { executable: 'gemini', protocol: 'gemini' },
  codex: { executable: 'codex', protocol: 'codex' },
};

/** The known agents that are installed, by name, with absolute paths. */
export async function findAgents(pathVariable: string): Promise<Record<string, AgentSpec>> {
  const found: Record<string, AgentSpec> = {};
  for (const [name, { executable, protocol }] of Object.entries(KNOWN_AGENTS)) {
    const command = await findCommand(executable, pathVariable);
    if (command !== null) found[name] = { protocol, command };
  }
  return found;
}

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

/** The agent with its executable as an absolute path; null when that is not there. */
export async function resolveAgent(spec: AgentSpec, pathVariable: string): Promise<AgentSpec | null> {
  const [executable = '', ...args] = spec.command;
  const command = await findCommand(executable, pathVariable);
  return command === null ? null : { ...spec, command: [...command, ...args] };
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
