import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** The tests that hold environments to the original packages, on what these play afresh, and more of it than is stored. */
export default mergeConfig(
  { ...base, test: { ...base.test, include: [], exclude: [] } },
  defineConfig({
    test: {
      include: [
        'packages/envs/test/{composite,dynamics,highway,lunar-lander,lunar-lander-returns,minatar,pendulum}.test.ts',
        'packages/env-host/test/atari.test.ts',
        'test/parity/atari-presets.test.ts',
      ],
      globalSetup: ['test/parity/play-originals.ts'],
      env: { LUNAR_LANDER_EPISODES: '1000', ATARI_STEPS: '300' },
      testTimeout: 600_000,
      hookTimeout: 600_000,
    },
  }),
);
