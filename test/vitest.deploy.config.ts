import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** The images' steps in a clean Debian, and the compose file's services on what they made: as root, with Debian's tools. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: { include: ['test/deploy/*.test.ts'], maxWorkers: 1, testTimeout: 1_200_000 },
  }),
);
