import { defineConfig } from 'vitest/config'

const serial = ['**/*.proof.test.ts']
const stack = ['test/stack/*.stack.test.ts']
const ignored = ['**/node_modules/**', '**/dist/**', '**/target/**']

export default defineConfig({
  test: {
    // Most of a test's time is waiting for processes, sockets and epochs.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'rooms',
          include: [
            'packages/*/src/**/*.test.ts',
            'packages/*/test/**/*.test.ts',
            'apps/*/src/**/*.test.ts',
            'apps/*/test/**/*.test.ts',
            'test/**/*.test.ts',
          ],
          exclude: [...ignored, ...serial, ...stack],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Whatever needs a C2 or proof parameters: after the rooms, one file at a time, sharing the caches of `npm start`.
        test: {
          name: 'proofs',
          include: serial,
          exclude: ignored,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      {
        // `sealane up` with all its processes: one run at a time.
        test: {
          name: 'stack',
          include: stack,
          exclude: ignored,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
          testTimeout: 600_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
