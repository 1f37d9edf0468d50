import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    globalSetup: ['test/support/postgres-once.ts'],
    // real threads and child processes run in the tests: worker pools inside worker pools are slow to end
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: process.env['CI'] === 'true' ? ['default'] : ['dot'],
  },
});
