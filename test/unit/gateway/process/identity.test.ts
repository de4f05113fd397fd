import { afterEach, describe, expect, it, vi } from 'vitest';
import { isAlive, ownIdentity } from '../../../../gateway/process/identity.ts';

let failure: string | null = null;
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const readFile = (path: string, encoding: BufferEncoding) =>
    failure === null
      ? real.readFile(path, encoding)
      : Promise.reject(Object.assign(new Error(failure), { code: failure }));
  return { ...real, readFile };
});
afterEach(() => {
  failure = null;
});

describe('whether a process lives', () => {
  it('[L5] is not answered with no for want of file descriptors: the living would be taken for dead', async () => {
    const own = await ownIdentity();
    failure = 'EMFILE';
    await expect(isAlive(own)).rejects.toThrow('EMFILE');
    failure = 'ENOENT';
    expect(await isAlive(own)).toBe(false);
  });
});
