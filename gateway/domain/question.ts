/** Pure: no clock, no randomness, no I/O. */
import type { ApprovalAction, ApprovalDecision } from '../../shared/approval.ts';

/** What an agent asks before it does something. */
export interface Question {
  /** The driver's own name for it. */
  key: string;
  action: ApprovalAction;
  /** The answers that it takes. */
  options: readonly ApprovalDecision[];
  /** The owner has decided in the agent's own settings: nothing is approved on top unasked. */
  ownerDecides: boolean;
}
