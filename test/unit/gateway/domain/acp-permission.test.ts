import { describe, expect, it } from 'vitest';
import { decidePermission, permissionMode, permissionResult } from '../../../../gateway/domain/acp-permission.ts';

const RULES = { mode: null, ownerDecides: [], names: ['opencode', 'acp'] };
const options = (...kinds: string[]) => ({ options: kinds.map((kind) => ({ optionId: `id of ${kind}`, kind })) });

describe('what an agent that asks is told', () => {
  it('grants where nobody has said otherwise', () => {
    expect(permissionMode(RULES, null)).toBe('allow');
    expect(permissionMode({ ...RULES, ownerDecides: ['gemini'] }, 'OpenCode')).toBe('allow');
  });

  it("[L9] grants nothing on top of the owner's own settings for that agent, by whichever name it is known", () => {
    expect(permissionMode({ ...RULES, ownerDecides: ['opencode'] }, null)).toBe('reject');
    expect(permissionMode({ ...RULES, ownerDecides: ['gemini'] }, 'Gemini-CLI')).toBe('reject');
    expect(permissionMode({ ...RULES, mode: 'reject' }, null)).toBe('reject');
    expect(permissionMode({ ...RULES, mode: 'allow', ownerDecides: ['opencode'] }, null)).toBe('allow');
  });

  it('once rather than always, and never the opposite', () => {
    const all = options('allow_always', 'reject_always', 'allow_once', 'reject_once');
    expect(decidePermission('allow', all)).toEqual({ granted: true, option: 'id of allow_once' });
    expect(decidePermission('reject', all)).toEqual({ granted: false, option: 'id of reject_once' });
    expect(decidePermission('allow', options('reject_once', 'allow_always')).option).toBe('id of allow_always');
    for (const [mode, kind] of [
      ['allow', 'reject_once'],
      ['reject', 'allow_once'],
    ] as const) {
      const decision = decidePermission(mode, options(kind));
      expect(decision).toEqual({ granted: false, option: null });
      expect(permissionResult(decision)).toEqual({ outcome: { outcome: 'cancelled' } });
    }
  });
});
