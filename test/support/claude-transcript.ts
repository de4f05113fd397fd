import { z } from 'zod';
import {
  answerTalk,
  type ClaudeTalk,
  cancelTalk,
  inputToTalk,
  isTalkOver,
  openTalk,
  stepTalk,
  type TalkStep,
} from '../../gateway/domain/claude-talk.ts';
import type { Question } from '../../gateway/domain/question.ts';
import type { ApprovalDecision } from '../../shared/approval.ts';
import type { AgentEvent } from '../../shared/event.ts';
import { NOW, transcript } from './transcripts.ts';

const lineSchema = z.union([
  z.object({ dir: z.enum(['->', '<-']), msg: z.looseObject({ type: z.string().optional() }) }),
  z.object({ exit: z.number() }).transform(() => null),
]);
const userSchema = z.object({ message: z.object({ content: z.tuple([z.object({ text: z.string() })]) }) });

/** Of which the ids of the recorded messages are made. */
export const BASE = '01111111-1111-4111-8111-ffffffffffff';

export interface PlayedTalk {
  state: ClaudeTalk;
  events: AgentEvent[];
  /** What we said, message by message. */
  sent: unknown[];
  /** What was said in our place when it was recorded. */
  recorded: unknown[];
  questions: Question[];
}

/** What we make of a conversation that was recorded with the real Claude Code: what its user said is said again at the same places. */
export function playTalk(name: string, decision: ApprovalDecision = 'allow'): PlayedTalk {
  const lines = transcript(name)
    .filter((line) => line !== '')
    .flatMap((line) => lineSchema.parse(JSON.parse(line)) ?? []);
  const prompt = userSchema.parse(lines.find(({ dir }) => dir === '->')?.msg).message.content[0].text;
  const opening = openTalk(prompt, BASE, false);
  const played: PlayedTalk = { ...opening, events: [], sent: [], recorded: [], questions: [] };
  const take = ({ state, events, send, question }: TalkStep) => {
    played.state = state;
    played.events.push(...events);
    played.sent.push(
      ...send
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    );
    if (question === undefined) return;
    played.questions.push(question);
    take(answerTalk(state, question.key, decision, NOW));
  };
  take(opening);
  let isFirst = true;
  for (const { dir, msg } of lines) {
    if (dir === '<-') {
      take(stepTalk(played.state, JSON.stringify(msg), NOW));
      continue;
    }
    played.recorded.push(msg);
    const user = userSchema.safeParse(msg);
    if (user.success && !isFirst) take(inputToTalk(played.state, user.data.message.content[0].text, NOW));
    if (user.success) isFirst = false;
    if (msg.type === 'control_request') take(cancelTalk(played.state));
  }
  return played;
}

export { isTalkOver };
