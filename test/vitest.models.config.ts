import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Real language models, fetched on first use, against what transformers makes of them. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: ['packages/*/test/**/*.models.ts'],
      globalSetup: ['test/models/real-models.ts'],
      maxWorkers: 1,
      testTimeout: 600_000,
    },
  }),
);
