import { defineConfig } from 'vitest/config';

/** The longest wait in them is for a server that is away for five minutes, and for the backoff after it. */
const LONG_TEST_TIMEOUT_MS = 15 * 60_000;

/** Tests that wait for the contract's own times, which `npm test` shortens; by hand, with `npm run test:long`. */
export default defineConfig({
  test: {
    name: 'long',
    include: ['test/long/**/*.test.ts'],
    environment: 'node',
    // They mostly wait.
    maxWorkers: 6,
    testTimeout: LONG_TEST_TIMEOUT_MS,
    hookTimeout: LONG_TEST_TIMEOUT_MS,
  },
});
