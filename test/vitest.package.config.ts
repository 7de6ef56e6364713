import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** The package that users install, from registries into empty projects, with nothing brought before; and the documents' site. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: ['packages/qfleet/test/*.install.ts', 'test/docs/*.install.ts'],
      maxWorkers: 1,
      testTimeout: 1_200_000,
      hookTimeout: 120_000,
    },
  }),
);
