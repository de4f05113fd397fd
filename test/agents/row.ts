import { fileURLToPath } from 'node:url';
import type { AgentSpec } from '../../gateway/runs/files.ts';
import type { ScriptedModel } from '../scripted-model/server.ts';

/** What a CLI may not offer; every case that is not named here must pass. */
export type Offer = 'thinking' | 'tool start' | 'tool output' | 'cost' | 'whole count' | 'own count' | 'own cost';

/** One way to drive one CLI: all that the suite needs to know. */
export interface AgentRow {
  name: string;
  agent: AgentSpec;
  /** Model to name in the task; absent: the CLI's configured one. */
  model?: string;
  /** In which the CLI works against that model with `home` for all its data; may write its settings there. */
  env(model: ScriptedModel, home: string): Record<string, string>;
  /** Settings of its own by which it asks before it writes and runs; absent when it does so by itself. */
  asking?: Record<string, string>;
  /** What it does not offer, each with the reason. */
  lacks: Partial<Record<Offer, string>>;
  /** ms. For the cases that come to their time limit, when it cannot be the usual one. */
  timeLimitMs?: number;
  /** What it makes in the temporary directory once and for all runs. */
  keeps?: string[];
}

/** Path of an executable that `npm ci` in this directory has installed. */
export function installed(name: string): string {
  return fileURLToPath(new URL(`./node_modules/.bin/${name}`, import.meta.url));
}
