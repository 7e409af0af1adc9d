import { defineConfig } from 'vitest/config'

const exclude = ['**/node_modules/**', '.next/**', '.cache/**', '.data/**', 'e2e/**']

export default defineConfig({
  resolve: { alias: { '@': import.meta.dirname } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'core',
          include: ['lib/core/**/*.test.ts'],
          exclude,
          // Pure: nothing of one file can reach another, and a process for each takes longer than its tests.
          isolate: false,
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['**/*.test.{ts,tsx}'],
          exclude: [...exclude, 'lib/core/**'],
          env: { NODE_ENV: 'test' },
          // bcrypt at cost 12, on a machine that also does other things.
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['**/*.itest.ts'],
          exclude,
          globalSetup: 'server/vitest-backends.ts',
          // One Postgres and one Redis for all files: they take turns, each with organizations of its own.
          fileParallelism: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // Calls have 300 ms, which a machine that stalls may take by itself; a second try is named in the report.
          retry: process.env.CI ? 1 : 0,
        },
      },
    ],
  },
})
