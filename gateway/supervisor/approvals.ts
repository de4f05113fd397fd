import { randomUUID } from 'node:crypto';
import type { ApprovalAction, ApprovalDecision, ApprovalNote, Permissions } from '../../shared/approval.ts';
import type { AgentEvent } from '../../shared/event.ts';
import { DEFAULT_APPROVAL_TIMEOUT_MS, MAX_APPROVAL_PATHS, MAX_APPROVAL_TEXT_BYTES } from '../../shared/limits.ts';
import { utf8Head } from '../../shared/utf8.ts';
import { type PermissionRule, permissionFor } from '../domain/permission-rules.ts';
import type { Question } from '../domain/question.ts';
import { type Redactor, redactValue } from '../domain/redactor.ts';
import { callAfter } from '../process/timer.ts';

/**
 * ms beyond the task's own for a server that denies what nobody answers: one that is away, or too old to know of approvals,
 * must not leave the agent waiting for ever.
 */
const SERVER_SLACK_MS = 60_000;

export interface ApprovalDeps {
  /** The owner's rules, the first that fits decides. */
  rules: readonly PermissionRule[];
  /** Of the run's secrets. */
  redactor: Redactor;
  /** What the task asks for. */
  wish: Permissions;
  /** ms, as the task asks for. */
  timeoutMs: number | undefined;
  /** Stored whatever quota is used up: an unseen question would never be answered. */
  tell(event: AgentEvent): Promise<void>;
  now(): number;
}

/** The questions of one run's agent: decided by the owner's rules or the task's wish, or asked and waited for. */
export class Approvals {
  readonly #deps: ApprovalDeps;
  /** By the approval's id. */
  readonly #pending = new Map<string, { key: string; resolve: (decision: ApprovalDecision) => void }>();

  constructor(deps: ApprovalDeps) {
    this.#deps = deps;
  }

  /** Whether the agent waits for an answer; it is not idle then. */
  get waiting(): boolean {
    return this.#pending.size > 0;
  }

  /** What the agent may do. Rejects when the question could not be told. */
  async ask({ key, action, options, ownerDecides }: Question): Promise<ApprovalDecision> {
    const { rules, timeoutMs, redactor } = this.#deps;
    // Unattended, nothing is approved on top of what the owner has decided in the agent's own settings.
    const wish = this.#deps.wish === 'auto' && ownerDecides ? 'deny' : this.#deps.wish;
    const permission = permissionFor(rules, wish, action);
    if (permission !== 'ask') return permission;
    const bounded = boundedAction(redactValue(redactor, action).value);
    const id = randomUUID();
    const answer = new Promise<ApprovalDecision>((resolve) => this.#pending.set(id, { key, resolve }));
    await this.#tell(`asks for approval: ${bounded.title}`, {
      state: 'asked',
      id,
      action: bounded,
      options: [...options],
    });
    const cancel = callAfter((timeoutMs ?? DEFAULT_APPROVAL_TIMEOUT_MS) + SERVER_SLACK_MS, () =>
      this.decided(id, 'deny'),
    );
    const decision = await answer;
    cancel();
    await this.#tell(`no longer asks for approval: ${bounded.title}`, { state: 'closed', id });
    return decision;
  }

  /** The answer to a question; one that nobody asks any more is nobody's. */
  decided(id: string, decision: ApprovalDecision): void {
    const question = this.#pending.get(id);
    this.#pending.delete(id);
    question?.resolve(decision);
  }

  /** The agent waits for no answer to what it asked under `key`. */
  withdraw(key: string): void {
    for (const [id, question] of [...this.#pending]) if (question.key === key) this.decided(id, 'deny');
  }

  /** The agent waits for no answer any more. */
  withdrawAll(): void {
    for (const id of [...this.#pending.keys()]) this.decided(id, 'deny');
  }

  #tell(content: string, approval: ApprovalNote): Promise<void> {
    return this.#deps.tell({ type: 'log', content, data: { approval }, timestamp: this.#deps.now() });
  }
}

/** The action within the limits of a note; the rules have judged it whole, secrets included. */
function boundedAction({ tool, title, command, paths, diff }: ApprovalAction): ApprovalAction {
  const head = (text: string) => utf8Head(text, MAX_APPROVAL_TEXT_BYTES);
  return {
    tool: head(tool),
    title: head(title),
    ...(command === undefined ? {} : { command: head(command) }),
    ...(paths === undefined ? {} : { paths: paths.slice(0, MAX_APPROVAL_PATHS) }),
    ...(diff === undefined ? {} : { diff: head(diff) }),
  };
}
