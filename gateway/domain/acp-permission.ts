/** Pure: no clock, no randomness, no storage, no network. What an agent asks before it does something, and how it is answered. */
import type { ApprovalAction, ApprovalDecision } from '../../shared/approval.ts';
import type { PermissionRequest } from './acp-schemas.ts';
import type { AcpId } from './acp-wire.ts';
import { field } from './agent-lines.ts';

/** Who says what the agent may do unasked. */
export interface OwnSettings {
  /** Products, in small letters, in whose own settings the owner has said what may be done. */
  ownerDecides: readonly string[];
  /** What the agent may be known by, in small letters: the programs of its command. */
  names: readonly string[];
}

/** Whether the owner has decided in the agent's own settings: then nothing is approved on top. `agentName`: what the agent calls itself. */
export function ownerDecides({ ownerDecides: products, names }: OwnSettings, agentName: string | null): boolean {
  const known = agentName === null ? names : [...names, agentName.toLowerCase()];
  return known.some((name) => products.some((product) => name.includes(product)));
}

/** The kinds of option that say it, the better first: what is decided for one task must not hold for the next. */
const KINDS: Record<ApprovalDecision, readonly string[]> = {
  allow: ['allow_once', 'allow_always'],
  allow_always: ['allow_always'],
  deny: ['reject_once', 'reject_always'],
};

/** The answers that the agent offers; no is always one. */
export function decisionsOf({ options }: Pick<PermissionRequest, 'options'>): ApprovalDecision[] {
  const offers = (decision: ApprovalDecision) => options.some(({ kind }) => KINDS[decision].includes(kind));
  return [...(['allow', 'allow_always'] as const).filter(offers), 'deny'];
}

/** The result that the agent's request is answered with; a request that offers no such answer is cancelled. */
export function permissionResult({ options }: Pick<PermissionRequest, 'options'>, decision: ApprovalDecision) {
  const [option] = KINDS[decision].flatMap((kind) => options.filter((each) => each.kind === kind));
  const granted = option !== undefined && decision !== 'deny';
  const outcome = option === undefined ? CANCELLED : { outcome: 'selected', optionId: option.optionId };
  return { granted, result: { outcome } };
}

export const CANCELLED = { outcome: 'cancelled' };

/** What exactly it wants to do, as far as it says so. */
export function actionOf({ toolCall }: PermissionRequest): ApprovalAction {
  const { title, kind, locations, content, rawInput, toolCallId } = toolCall;
  const command = field(rawInput, 'command');
  const diff = field(rawInput, 'diff');
  const named = [...(locations ?? []), ...(content ?? [])].flatMap(({ path }) => (path === undefined ? [] : [path]));
  return {
    tool: kind ?? 'other',
    title: title ?? toolCallId,
    ...(typeof command === 'string' ? { command } : {}),
    ...(named.length === 0 ? {} : { paths: [...new Set(named)] }),
    ...(typeof diff === 'string' ? { diff } : {}),
  };
}

/** One question that waits for its answer. */
export interface Asked {
  id: AcpId;
  request: PermissionRequest;
}
