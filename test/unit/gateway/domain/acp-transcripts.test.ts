import { describe, expect, it } from 'vitest';
import { isOver } from '../../../../gateway/domain/acp-state.ts';
import { acpVerdict } from '../../../../gateway/domain/acp-verdict.ts';
import type { AgentEvent } from '../../../../shared/event.ts';
import { play } from '../../../support/acp-transcript.ts';
import { OK, types } from '../../../support/transcripts.ts';

const data = (event: AgentEvent | undefined) => event?.data;
const told = (events: AgentEvent[]) => events.filter(({ type }) => type !== 'log');
const logs = (events: AgentEvent[]) => events.flatMap(({ type, content }) => (type === 'log' ? [content] : []));

describe('what OpenCode said over ACP', () => {
  const { state, events, sent, recorded } = play('opencode-acp');

  it('is answered as it was when it was recorded', () => {
    expect(sent.slice(1)).toEqual(recorded.slice(1));
    expect(sent[0]).toMatchObject({ method: 'initialize', params: { protocolVersion: 1 } });
  });

  it('deltas of one message are joined; a tool is told at its start and its end, then the file it changed', () => {
    expect(types(told(events)).slice(0, 5)).toEqual(['message', 'tool_call', 'tool_result', 'file_change', 'message']);
    const [first, call, result, change, last] = told(events);
    expect(first?.content).toBe('I will write the file.');
    expect(call).toMatchObject({
      content: 'write',
      data: { id: 'call_96', kind: 'edit', input: { filePath: '/lab/ws/ocacp/acp-write.txt' } },
    });
    expect(result).toMatchObject({ content: 'Wrote file successfully.', data: { id: 'call_96', status: 'completed' } });
    expect(change).toMatchObject({
      content: '/lab/ws/ocacp/acp-write.txt',
      data: { id: 'call_96', path: '/lab/ws/ocacp/acp-write.txt', change: 'created' },
    });
    expect(last?.content).toBe('Done: tool finished (1 step).');
  });

  it('thoughts are thinking events', () => {
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'thinking', content: 'Let me think about it. First A, then B.' }),
    );
  });

  it('inputs are the turns that follow; a cancelled one is the last', () => {
    expect(logs(events).filter((content) => content?.startsWith('turn ended'))).toEqual([
      ...['end_turn', 'end_turn', 'end_turn', 'cancelled'].map((reason) => `turn ended: ${reason}`),
    ]);
    expect(isOver(state)).toBe(true);
    expect(acpVerdict(state, OK)).toMatchObject({
      success: false,
      message: 'the agent stopped before it was done (cancelled)',
      files: ['/lab/ws/ocacp/acp-write.txt'],
      usage: { inputTokens: 300, outputTokens: 60, cachedInputTokens: 15, reasoningTokens: 7, costUsd: 0.00054 },
    });
  });

  it('a permission is granted once', () => {
    const allowed = play('opencode-acp-perm-allow');
    const { outcome } = { outcome: { outcome: 'selected', optionId: 'once' } };
    expect(allowed.sent).toContainEqual({ jsonrpc: '2.0', id: 0, result: { outcome } });
    expect(allowed.sent).toContainEqual(
      expect.objectContaining({ id: 1, error: expect.objectContaining({ code: -32601 }) }),
    );
    expect(allowed.events.filter(({ type }) => type === 'tool_call').map(data)).toEqual([
      expect.objectContaining({ id: 'call_104', kind: 'edit', title: 'write' }),
    ]);
    expect(acpVerdict(allowed.state, OK)).toMatchObject({ success: true, output: 'Done: tool finished (1 step).' });
  });

  it("[L9] a permission is refused where the owner has decided in the agent's own settings, and the run fails", () => {
    const permissions = { mode: null, ownerDecides: ['opencode'], names: [] };
    const refused = play('opencode-acp-reject', { cwd: '/lab/ws', permissions });
    expect(refused.sent.slice(1)).toEqual(refused.recorded.slice(1));
    expect(acpVerdict(refused.state, OK)).toMatchObject({
      success: false,
      message:
        'the agent stopped when a permission was refused: The user rejected permission to use this specific tool call.',
    });
    expect(types(refused.events)).not.toContain('file_change');
  });

  it('cancelled in the middle of a tool: its end is told', () => {
    const { events: cut } = play('opencode-acp-bash-cancel');
    expect(types(told(cut)).slice(0, 2)).toEqual(['tool_call', 'tool_result']);
    expect(told(cut)[0]).toMatchObject({
      content: 'bash',
      data: { input: { command: 'echo start; sleep 20; echo end' } },
    });
    expect(told(cut)[1]?.content).toContain('User aborted the command');
  });

  it('what it tells again of an earlier session is not told again', () => {
    const sessionId = 'ses_de39c0aa3ffe4pJESFL8oX3s1z';
    const again = play('opencode-acp-load', { cwd: '/lab/ws', sessionId });
    expect(again.sent[1]).toMatchObject({ method: 'session/resume', params: { sessionId } });
    expect(types(told(again.events))).toEqual(['tool_call', 'tool_result', 'message']);
    expect(told(again.events)[1]).toMatchObject({ content: 'hi\n', data: { exitCode: 3 } });
    expect(acpVerdict(again.state, OK)).toMatchObject({ success: true, output: 'again' });
    expect(acpVerdict(again.state, OK).usage?.costUsd).toBeUndefined();
  });
});

describe('what Gemini CLI said over ACP', () => {
  const { state, events, sent, recorded } = play('gemini-acp', { cwd: '/lab/ws/gmacp' });

  it('a tool that it first asks about is told once', () => {
    expect(sent.slice(1)).toEqual(recorded.slice(1));
    const id = 'write_file__write_file_1795335687613_0';
    expect(types(told(events)).slice(0, 5)).toEqual(['message', 'tool_call', 'tool_result', 'file_change', 'message']);
    expect(told(events).slice(1, 4).map(data)).toEqual([
      expect.objectContaining({ id }),
      expect.objectContaining({ id, status: 'completed' }),
      expect.objectContaining({ id, path: '/lab/ws/gmacp/acp-write.txt', change: 'created' }),
    ]);
  });

  it('counts its tokens', () => {
    expect(state.usage).toEqual({ inputTokens: 400, outputTokens: 80 });
  });
});
