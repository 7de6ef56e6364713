import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** Every fault and every forged record many times, each for as long as the world makes it last, one fleet at a time. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: ['test/faults/**/*.test.ts', 'test/soak/**/*.test.ts', 'test/security/forged-records.test.ts'],
      maxWorkers: 1,
      env: { QFLEET_SOAK: '1' },
    },
  }),
);
