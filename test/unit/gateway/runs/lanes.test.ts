import { expect, test } from 'vitest';
import { Lanes } from '../../../../gateway/runs/lanes.ts';

test('jobs of one key run one after another, also after one that failed; other keys do not wait', async () => {
  const lanes = new Lanes();
  const seen: string[] = [];
  let open = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const first = lanes.run('a', async () => {
    await gate;
    seen.push('a1');
    throw new Error('a1 failed');
  });
  const second = lanes.run('a', async () => {
    seen.push('a2');
  });
  await lanes.run('b', async () => {
    seen.push('b1');
  });
  expect(seen).toEqual(['b1']);
  open();
  await expect(first).rejects.toThrow('a1 failed');
  await second;
  await lanes.idle();
  expect(seen).toEqual(['b1', 'a1', 'a2']);
});
