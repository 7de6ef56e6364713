import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** What the stored references of `npm test` were made by, run beside ours on fresh inputs; and what converges slowly. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: ['packages/*/test/**/*.reference.ts'],
      globalSetup: ['test/reference/python.ts'],
      maxWorkers: 1,
      testTimeout: 600_000,
    },
  }),
);
