/** What a decision owes to other objects. Data only. */
import type { GatewayConfig } from '../../shared/host.ts';
import type { RunRef } from '../../shared/protocol/run-ref.ts';
import type { AgentSignal, StatusRecord, TaskBody } from '../rpc.ts';

/** Owed for sure: a row of the outbox, committed with the decision and kept until the target has it. */
export type Owed =
  | { kind: 'status'; log: string; taskId: string; record: StatusRecord }
  | { kind: 'archive'; log: string; taskId: string }
  | { kind: 'abort'; hostId: string; run: RunRef }
  | { kind: 'release'; hostId: string; run: RunRef }
  /** With a `signal` it has no content. */
  | { kind: 'input'; hostId: string; run: RunRef; inputId: string; content: string; signal?: AgentSignal }
  | { kind: 'configure'; hostId: string; config: Partial<GatewayConfig> }
  | { kind: 'drop'; hostId: string; epoch: number };

/** Done once after the commit; what must not be lost of it can be seen from the state again. */
export type Nudge =
  | { kind: 'execute'; hostId: string; taskId: string; offer: number }
  | { kind: 'probe'; hostId: string }
  /** The host has just registered: what was parked for it may go now. */
  | { kind: 'unpark'; hostId: string };

/** What a task's body gains; the store keeps bodies apart from the working set. */
export type BodyPatch = Pick<TaskBody, 'result' | 'errorDetails' | 'failedAttempts' | 'lateAttempts'>;
