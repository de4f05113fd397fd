import { describe, expect, it } from 'vitest';
import {
  actionOf,
  decisionsOf,
  type OwnSettings,
  ownerDecides,
  permissionResult,
} from '../../../../gateway/domain/acp-permission.ts';

const SETTINGS: OwnSettings = { ownerDecides: [], names: ['opencode', 'acp'] };
const options = (...kinds: string[]) => ({ options: kinds.map((kind) => ({ optionId: `id of ${kind}`, kind })) });
const chosen = (kinds: string[], decision: Parameters<typeof permissionResult>[1]) =>
  permissionResult(options(...kinds), decision);

describe('what an agent asks over ACP', () => {
  it("[L9] is the owner's where the owner's settings of that agent say so, by whichever name it is known", () => {
    expect(ownerDecides(SETTINGS, null)).toBe(false);
    expect(ownerDecides({ ...SETTINGS, ownerDecides: ['gemini'] }, 'OpenCode')).toBe(false);
    expect(ownerDecides({ ...SETTINGS, ownerDecides: ['opencode'] }, null)).toBe(true);
    expect(ownerDecides({ ...SETTINGS, ownerDecides: ['gemini'] }, 'Gemini-CLI')).toBe(true);
  });

  it('takes the answers that it offers, and no', () => {
    expect(decisionsOf(options('allow_once', 'allow_always', 'reject_once'))).toEqual([
      'allow',
      'allow_always',
      'deny',
    ]);
    expect(decisionsOf(options('allow_once'))).toEqual(['allow', 'deny']);
    expect(decisionsOf(options())).toEqual(['deny']);
  });

  it('is answered once rather than always, and never with the opposite', () => {
    const all = ['allow_always', 'reject_always', 'allow_once', 'reject_once'];
    const selected = (optionId: string) => ({ outcome: { outcome: 'selected', optionId } });
    expect(chosen(all, 'allow')).toEqual({ granted: true, result: selected('id of allow_once') });
    expect(chosen(all, 'allow_always')).toEqual({ granted: true, result: selected('id of allow_always') });
    expect(chosen(all, 'deny')).toEqual({ granted: false, result: selected('id of reject_once') });
    expect(chosen(['reject_once', 'allow_always'], 'allow').result).toEqual(selected('id of allow_always'));
    const cancelled = { granted: false, result: { outcome: { outcome: 'cancelled' } } };
    expect(chosen(['reject_once'], 'allow')).toEqual(cancelled);
    expect(chosen(['allow_once'], 'deny')).toEqual(cancelled);
  });

  it('says what exactly it is, as far as the agent does', () => {
    const toolCall = {
      toolCallId: 't',
      title: 'rm -rf build',
      kind: 'execute',
      locations: [{ path: '/a' }],
      content: [{ type: 'diff', path: '/a' }],
      rawInput: { command: 'rm -rf build', diff: '-x' },
    };
    expect(actionOf({ sessionId: 's', toolCall, ...options() })).toEqual({
      tool: 'execute',
      title: 'rm -rf build',
      command: 'rm -rf build',
      paths: ['/a'],
      diff: '-x',
    });
    const bare = { sessionId: 's', toolCall: { toolCallId: 't' }, ...options() };
    expect(actionOf(bare)).toEqual({ tool: 'other', title: 't' });
  });
});
