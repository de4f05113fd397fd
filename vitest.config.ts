import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/** Time for a test that starts real processes; OpenCode alone needs 3 s for its first output, more on a busy machine. */
const PROCESS_TEST_TIMEOUT_MS = 120_000;

/** Nothing in them waits for the clock; a machine that does much else beside them takes its time. */
const TEST_TIMEOUT_MS = 30_000;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts', 'test/chaos/**/*.test.ts', 'test/*.test.ts'],
          environment: 'node',
          testTimeout: TEST_TIMEOUT_MS,
          hookTimeout: TEST_TIMEOUT_MS,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: { bindings: { JWT_SECRET: 'only-for-tests-in-this-process-0123456789' } },
          }),
        ],
        test: {
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          testTimeout: TEST_TIMEOUT_MS,
          hookTimeout: TEST_TIMEOUT_MS,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e', 'security', 'conformance', 'bench'].map((suite) => `test/${suite}/**/*.test.ts`),
          environment: 'node',
          fileParallelism: false,
          testTimeout: PROCESS_TEST_TIMEOUT_MS,
          hookTimeout: PROCESS_TEST_TIMEOUT_MS,
        },
      },
    ],
  },
});
