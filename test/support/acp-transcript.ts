import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { openAcp } from '../../gateway/domain/acp-calls.ts';
import { answerAcp, cancelAcp, inputToAcp, stepAcp } from '../../gateway/domain/acp-parse.ts';
import { type AcpState, type AcpStep, type AcpTask, isOver } from '../../gateway/domain/acp-state.ts';
import type { AgentEvent } from '../../shared/event.ts';
import { NOW } from './transcripts.ts';

/** A message as somebody put it on the wire. */
const messageSchema = z.looseObject({
  id: z.unknown().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
});
const lineSchema = z.object({ dir: z.enum(['->', '<-']), msg: messageSchema });
const promptSchema = z.object({ prompt: z.tuple([z.object({ text: z.string() })]) });

export const TASK: AcpTask = {
  cwd: '/lab/ws/ocacp',
  prompt: 'do it',
  model: null,
  sessionId: null,
  permissions: { ownerDecides: [], names: [] },
  client: { name: 'lab', version: '0' },
};

export interface Played {
  state: AcpState;
  events: AgentEvent[];
  /** What we said, message by message. */
  sent: unknown[];
  /** What was said in our place when it was recorded, as far as we came. */
  recorded: unknown[];
}

/**
 * What we make of a conversation that was recorded with a real agent: its prompts are the task's and inputs that were there from the
 * beginning. Ends where ours is over.
 */
export function play(name: string, task: Partial<AcpTask> = {}): Played {
  const path = new URL(`../fixtures/transcripts/${name}.jsonl`, import.meta.url);
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const messages = lines.map((line) => lineSchema.parse(JSON.parse(line)));
  const [prompt = '', ...inputs] = messages.flatMap(({ msg }) => {
    const { data } = promptSchema.safeParse(msg.params);
    return data === undefined ? [] : [data.prompt[0].text];
  });
  const played: Played = { ...openAcp({ ...TASK, prompt, ...task }), sent: [], recorded: [] };
  const take = ({ state, events, send, question }: AcpStep) => {
    played.state = state;
    played.events.push(...events);
    const said = send.split('\n').filter((line) => line !== '');
    played.sent.push(...said.map((line) => JSON.parse(line)));
    if (question !== undefined) take(answerAcp(state, question.key, question.ownerDecides ? 'deny' : 'allow', NOW));
  };
  take(openAcp({ ...TASK, prompt, ...task }));
  for (const input of inputs) take(inputToAcp(played.state, input, NOW));
  for (const { dir, msg } of messages) {
    if (isOver(played.state)) break;
    if (dir === '->') played.recorded.push(msg);
    if (dir === '->' && msg.method === 'session/cancel') take(cancelAcp(played.state));
    if (dir === '<-') take(stepAcp(played.state, JSON.stringify(msg), NOW));
  }
  return played;
}
