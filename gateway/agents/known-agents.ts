import { isAtLeast } from '../domain/version.ts';
import type { AgentSpec } from '../runs/files.ts';
import { findCommand } from './find-command.ts';
import { installedVersion } from './installed-version.ts';

/** A known agent that is installed. */
export interface FoundAgent {
  spec: AgentSpec;
  /** Null when it is not known, or makes no difference. */
  version: string | null;
}

interface KnownAgent {
  /** What to look for on `PATH`. */
  executable: string;
  /** How any version is spoken to. */
  oneShot: (command: string[]) => AgentSpec;
  /** The better way, and the first version that is known to go it; why these: `docs/decisions/0026-default-drivers.md`. */
  conversation?: { since: string; packages: RegExp; spec: (command: string[]) => AgentSpec };
}

const KNOWN_AGENTS: Readonly<Record<string, KnownAgent>> = {
  opencode: {
    executable: 'opencode',
    oneShot: (command) => ({ protocol: 'opencode', command }),
    conversation: {
      since: '1.18',
      packages: /^opencode-(ai|linux|darwin|windows)(-|$)/,
      spec: (command) => ({ protocol: 'acp', command: [...command, 'acp'] }),
    },
  },
  'claude-code': {
    executable: 'claude',
    oneShot: (command) => ({ protocol: 'claude', command }),
    conversation: {
      since: '2.1',
      packages: /^@anthropic-ai\/claude-code/,
      spec: (command) => ({ protocol: 'claude-stream', command }),
    },
  },
  gemini: { executable: 'gemini', oneShot: (command) => ({ protocol: 'gemini', command }) },
  codex: { executable: 'codex', oneShot: (command) => ({ protocol: 'codex', command }) },
};

/** The known agents that are on `searchPath`, by name, each driven in the best way that its version can be. Paths are absolute. */
export async function findAgents(searchPath: string): Promise<Record<string, FoundAgent>> {
  const found: Record<string, FoundAgent> = {};
  for (const [name, known] of Object.entries(KNOWN_AGENTS)) {
    const command = await findCommand(known.executable, searchPath);
    if (command !== null) found[name] = await driven(known, command, searchPath);
  }
  return found;
}

async function driven({ oneShot, conversation }: KnownAgent, command: string[], path: string): Promise<FoundAgent> {
  if (conversation === undefined) return { spec: oneShot(command), version: null };
  const version = await installedVersion(command, conversation.packages, path);
  const knowsHow = version !== null && isAtLeast(version, conversation.since);
  return { spec: (knowsHow ? conversation.spec : oneShot)(command), version };
}
