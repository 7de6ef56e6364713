import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Whole training runs and what else takes minutes, one at a time: each of them uses every core. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: ['test/learning/**/*.test.ts', 'packages/*/test/**/*.long.ts'],
      maxWorkers: 1,
      testTimeout: 600_000,
    },
  }),
);
