import { join } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';

/** The entries that run in Node, each as `dist/NAME.js` of the package, and what is built into it. */
const ENTRIES: Readonly<Record<string, string>> = {
  index: 'packages/qfleet/dist/index.js',
  command: 'apps/cli/dist/main.js',
  actor: 'apps/actor/dist/main.js',
  learner: 'apps/learner/dist/main.js',
  evaluator: 'apps/evaluator/dist/main.js',
  exporter: 'apps/exporter/dist/main.js',
  // Threads and a probe, which are found beside the file that starts them.
  'helper-main': 'packages/agents/dist/acting/helper/helper-main.js',
  'watchdog-thread': 'packages/watchdog/dist/watchdog-thread.js',
  'decoder-thread': 'packages/networks/dist/inference/language/decoder-thread.js',
  load: 'packages/tensor/dist/load.js',
};

/** Whether a specifier is another package's, which the installed one depends on in place of holding it. */
const isForeign = (specifier: string): boolean =>
  !specifier.startsWith('.') && !specifier.startsWith('/') && !specifier.startsWith('@qfleet/');

/** Leaves out what an installed Qfleet has no use for: the measurements, which need their peers and this repository. */
const withoutBench: Plugin = {
  name: 'without-bench',
  load: (id) => (id.endsWith('apps/cli/dist/commands/bench.js') ? 'export const addBench = () => {};' : null),
};

/** Bundles all of Qfleet's own code into flat files, with what several entries share in files of its own. */
export async function bundle(root: string, out: string): Promise<void> {
  const input = Object.fromEntries(Object.entries(ENTRIES).map(([name, file]) => [name, join(root, file)]));
  const node = await rolldown({ input, platform: 'node', external: isForeign, plugins: [withoutBench] });
  await node.write({
    dir: join(out, 'dist'),
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[name]-[hash].js',
  });
  await node.close();
  const browser = await rolldown({
    input: { browser: join(root, 'packages/browser/dist/browser.js') },
    platform: 'browser',
    resolve: { conditionNames: ['browser', 'import', 'default'] },
    external: isForeign,
  });
  await browser.write({
    dir: join(out, 'dist'),
    entryFileNames: '[name].js',
    chunkFileNames: 'browser-[name]-[hash].js',
  });
  await browser.close();
}
