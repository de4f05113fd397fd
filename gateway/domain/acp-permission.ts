/** Pure: no clock, no randomness, no storage, no network. What an agent that asks for a permission is told. */
import type { PermissionRequest } from './acp-schemas.ts';

export const PERMISSION_MODES = ['allow', 'reject'] as const;
export type PermissionMode = (typeof PERMISSION_MODES)[number];

export interface PermissionRules {
  /** The word of the host's owner for this agent; null: by the agent's own settings. */
  mode: PermissionMode | null;
  /** Products, in small letters, in whose own settings the owner has said what may be done. */
  ownerDecides: readonly string[];
  /** What the agent may be known by, in small letters: the programs of its command. */
  names: readonly string[];
}

/**
 * Nobody is there to be asked, so what is asked is approved, unless the owner wants it refused or has decided in the agent's own
 * settings: then nothing is approved on top. `agentName`: what the agent calls itself; null when it does not say.
 */
export function permissionMode(rules: PermissionRules, agentName: string | null): PermissionMode {
  if (rules.mode !== null) return rules.mode;
  const names = agentName === null ? rules.names : [...rules.names, agentName.toLowerCase()];
  return names.some((name) => rules.ownerDecides.some((product) => name.includes(product))) ? 'reject' : 'allow';
}

/** `option`: the one to choose; null: none fits, the request is cancelled. */
export interface PermissionDecision {
  granted: boolean;
  option: string | null;
}

/** Once rather than always: what is decided for one task must not hold for the next. */
const CHOICES: Record<PermissionMode, readonly string[]> = {
  allow: ['allow_once', 'allow_always'],
  reject: ['reject_once', 'reject_always'],
};

/** The decision on one request; none that only offers the opposite is answered with it. */
export function decidePermission(
  mode: PermissionMode,
  { options }: Pick<PermissionRequest, 'options'>,
): PermissionDecision {
  const fitting = CHOICES[mode].flatMap((kind) => options.filter((option) => option.kind === kind));
  const option = fitting[0]?.optionId ?? null;
  return { granted: mode === 'allow' && option !== null, option };
}

/** The result that the agent's request is answered with. */
export function permissionResult({ option }: PermissionDecision): unknown {
  return { outcome: option === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId: option } };
}
