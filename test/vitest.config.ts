import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['packages/*/test/**/*.test.ts', 'apps/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: [
      '**/node_modules/**',
      '**/dist/**',
      'test/learning/**',
      'test/soak/**',
      'test/parity/**',
      'test/deploy/{clean-root,compose-config,compose-go,docker,kustomize}.test.ts',
    ],
    // Real processes on two cores, which wait for each other a third of the time.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
