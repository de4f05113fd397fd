import { describe, expect, it } from 'vitest';
import { seal, sealVariables, unseal, unsealVariables } from '../../worker/seal.ts';

const SECRET = 'a secret of enough bytes for a test, 1';
const OTHER = 'a secret of enough bytes for a test, 2';
const PLACE = 'pool/task';

describe('[R24] sealing', () => {
  it('opens with the secret that it was sealed with, be it the one before', async () => {
    const sealed = await seal('töken "x"\n', SECRET, PLACE);
    expect(sealed).not.toContain('ken');
    expect(await unseal(sealed, [SECRET], PLACE)).toBe('töken "x"\n');
    expect(await unseal(sealed, [OTHER, SECRET], PLACE)).toBe('töken "x"\n');
  });

  it('opens with no other secret, at no other place, and not when it was changed', async () => {
    const sealed = await seal('token', SECRET, PLACE);
    expect(await unseal(sealed, [OTHER], PLACE)).toBeNull();
    expect(await unseal(sealed, [], PLACE)).toBeNull();
    expect(await unseal(sealed, [SECRET], 'pool/another')).toBeNull();
    const [form, name, body = ''] = sealed.split('.');
    const changed = body.slice(0, 20) + (body[20] === 'A' ? 'B' : 'A') + body.slice(21);
    expect(await unseal(`${form}.${name}.${changed}`, [SECRET], PLACE)).toBeNull();
    for (const broken of ['', '2.x.y', `${form}.${name}.`, `${form}.${name}.AAAA`, `${form}.${name}.====`])
      expect(await unseal(broken, [SECRET], PLACE)).toBeNull();
  });

  it('is never twice the same', async () => {
    expect(await seal('token', SECRET, PLACE)).not.toBe(await seal('token', SECRET, PLACE));
  });

  it('takes what a task may set, and nothing without a secret', async () => {
    const variables = { A: '1', B: 'x'.repeat(32 * 1024) };
    expect(await unsealVariables(await sealVariables(variables, [SECRET], PLACE), [SECRET], PLACE)).toEqual(variables);
    await expect(sealVariables(variables, [], PLACE)).rejects.toThrow('no usable secret');
  });
});
