import { defineConfig } from 'vitest/config';

/** Room for a machine that does much else. */
const SANDBOX_TEST_TIMEOUT_MS = 120_000;

/** What needs bubblewrap, which not every machine has or allows: the example of the documents, word for word. */
export default defineConfig({
  test: {
    name: 'sandbox',
    include: ['test/sandbox/*.test.ts'],
    environment: 'node',
    testTimeout: SANDBOX_TEST_TIMEOUT_MS,
    hookTimeout: SANDBOX_TEST_TIMEOUT_MS,
  },
});
