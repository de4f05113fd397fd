import { expect, it } from 'vitest';
import { availableBytes, DiskWatch } from '../../../../gateway/runs/disk-watch.ts';

it('says once that the disk is full, makes room as long as it is, and says once that there is room', async () => {
  const told: string[] = [];
  const free: (number | null)[] = [1e9, 0, 1_000, null, 1e9, 1e9, 0];
  const watch = new DiskWatch({
    available: async () => {
      const bytes = free.shift();
      if (typeof bytes !== 'number') throw new Error('nobody knows');
      return bytes;
    },
    makeRoom: async () => void told.push('makes room'),
    onChange: (isFull) => told.push(isFull ? 'full' : 'room'),
  });
  while (free.length > 0) await watch.look();
  expect(told).toEqual(['full', 'makes room', 'makes room', 'room', 'full', 'makes room']);
});

it('knows what is free', async () => {
  expect(await availableBytes('/')).toBeGreaterThanOrEqual(0);
  await expect(availableBytes('/nowhere')).rejects.toThrow('ENOENT');
});
