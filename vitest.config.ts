import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './tools/reporter.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores: the servers and clients under test need one of them.
    maxWorkers: 2,
  },
});
