import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import type { AgentSpec, RunRequest } from '../runs/files.ts';
import { acpDriver } from './acp.ts';
import { claudeDriver } from './claude.ts';
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
const KNOWN_AGENTS: Record<string, { executable: string; spec: (path: string) => AgentSpec }> = {
  opencode: { executable: 'opencode', spec: (path) => ({ protocol: 'opencode', command: [path] }) },
  'claude-code': { executable: 'claude', spec: (path) => ({ protocol: 'claude', command: [path] }) },
  gemini: { executable: 'gemini', spec: (path) => ({ protocol: 'gemini', command: [path] }) },
  codex: { executable: 'codex', spec: (path) => ({ protocol: 'codex', command: [path] }) },
};

/** The known agents that are installed, by name, with absolute paths. */
export async function findAgents(pathVariable: string): Promise<Record<string, AgentSpec>> {
  const found: Record<string, AgentSpec> = {};
  for (const [name, known] of Object.entries(KNOWN_AGENTS)) {
    const path = await findExecutable(known.executable, pathVariable);
    if (path !== null) found[name] = known.spec(path);
  }
  return found;
}

/**
 * Absolute path of an executable: a name with a slash relative to the current directory, any other searched on
 * `pathVariable`. Null when there is none. The agent starts in the task's directory, where a relative path would mean
 * something else.
 */
export async function findExecutable(name: string, pathVariable: string): Promise<string | null> {
  const places = name.includes('/') ? [name] : pathVariable.split(delimiter).map((directory) => join(directory, name));
  for (const place of places) {
    const path = resolve(place);
    if (await isExecutable(path)) return path;
  }
  return null;
}

/** The agent with its executable as an absolute path; null when that is not there. */
export async function resolveAgent(spec: AgentSpec, pathVariable: string): Promise<AgentSpec | null> {
  const [executable = '', ...args] = spec.command;
  const path = await findExecutable(executable, pathVariable);
  return path === null ? null : { ...spec, command: [path, ...args] };
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
