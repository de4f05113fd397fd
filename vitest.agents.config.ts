import { defineConfig } from 'vitest/config';

/** OpenCode alone tries a model that fails for more than a minute. */
const AGENT_TEST_TIMEOUT_MS = 180_000;

/** The same cases for every agent, with the real CLIs; they are installed by `npm run test:agents`. */
export default defineConfig({
  test: {
    name: 'agents',
    include: ['test/agents/*.test.ts'],
    environment: 'node',
    // They wait for time limits and for each other's models; more would not fit into a small machine's memory.
    maxWorkers: 2,
    testTimeout: AGENT_TEST_TIMEOUT_MS,
    hookTimeout: AGENT_TEST_TIMEOUT_MS,
  },
});
