// What npm's scripts call: sets up what is missing, then does what was asked for. Plain JavaScript without
// dependencies, for it runs before there are any, on whatever Node the machine has (18 or newer).
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChecks, runSuites, sum, sumLine } from './checks.mjs';
import { launch, stopOnSignal } from './launch.mjs';
import { needsNative, setUpNative } from './native.mjs';
import { SetupError } from './progress.mjs';
import { setUpWorkspace } from './setup.mjs';
import { setUpSite } from './site.mjs';
import { trainArguments } from './train-arguments.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const suites = 'test/vitest.config.ts';
const learningSuites = 'test/vitest.learning.config.ts';
const referenceSuites = 'test/vitest.reference.config.ts';
/** What `npm run test:learning -- TABLE` makes. */
const tables = ['envs', 'family', 'offline', 'text'];
const modelSuites = 'test/vitest.models.config.ts';
const deploySuites = 'test/vitest.deploy.config.ts';
const packageSuites = 'test/vitest.package.config.ts';
const paritySuites = 'test/vitest.parity.config.ts';
const soakSuites = 'test/vitest.soak.config.ts';

/** @typedef {import('./setup.mjs').Ready} Ready
 * @typedef {import('./checks.mjs').Counts} Counts */

/** glibc keeps freed memory of frames and tensors instead of giving it back page by page: to have new pages costs
 * several times what it costs to fill them (frames into a replay in memory: three times as fast). Without a meaning
 * elsewhere. The images set the same. */
const allocator = { MALLOC_MMAP_THRESHOLD_: '33554432', MALLOC_TRIM_THRESHOLD_: '268435456' };

/** @param {Ready} ready
 * @param {string[]} args */
function qfleet({ node, env }, args) {
  // In the user's folder: paths in the arguments are relative to it.
  const cwd = env['INIT_CWD'] ?? process.cwd();
  return launch(node, ['--enable-source-maps', join(root, 'apps/cli/dist/main.js'), ...args], {
    cwd,
    // What it suggests is to be started in the same way, from the same folder.
    env: { ...allocator, ...env, QFLEET_COMMAND: commandFrom(cwd) },
  });
}

/** The command as it works from a folder: npm looks for the nearest package above that, which may be another one.
 * @param {string} folder */
function commandFrom(folder) {
  /** @type {(path: string) => string} */
  const packageOf = (path) =>
    existsSync(join(path, 'package.json')) || dirname(path) === path ? path : packageOf(dirname(path));
  const prefix =
    packageOf(realpathSync(folder)) === realpathSync(root) ? '' : `--prefix ${quoted(resolve(root))} `;
  return `npm ${prefix}run -s qfleet --`;
}

/** @param {string} word for a shell */
const quoted = (word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

/** @param {...Counts} parts */
function report(...parts) {
  const total = sum(parts);
  console.log(sumLine(total));
  return total.failed === 0 ? 0 : 1;
}

/** @type {Record<string, {native: boolean | ((args: string[]) => boolean), run: (ready: Ready, args: string[]) => number | Promise<number>}>} */
const commands = {
  start: { native: true, run: (ready, args) => qfleet(ready, trainArguments(args)) },
  qfleet: { native: needsNative, run: qfleet },
  setup: { native: true, run: () => 0 },
  build: { native: false, run: () => 0 },
  check: { native: false, run: async (ready) => report(await runChecks(ready)) },
  test: {
    native: true,
    run: async (ready, args) => report(await runChecks(ready), await runSuites(ready, suites, args)),
  },
  'test:learning': {
    native: true,
    run: async (ready, args) => {
      // A table is no suite: it is made by a program that goes on where it was.
      if (args[0] !== undefined && tables.includes(args[0])) {
        const main = join(root, 'test/learning/table/main.ts');
        return launch(ready.node, [main, ...args], { cwd: root, env: { ...allocator, ...ready.env } });
      }
      return report(await runSuites(ready, learningSuites, args));
    },
  },
  'test:reference': {
    native: true,
    run: async (ready, args) => report(await runSuites(ready, referenceSuites, args)),
  },
  'test:models': {
    native: true,
    run: async (ready, args) => report(await runSuites(ready, modelSuites, args)),
  },
  'test:deploy': {
    native: true,
    run: async (ready, args) => report(await runSuites(ready, deploySuites, args)),
  },
  'test:package': {
    native: false,
    run: async (ready, args) => report(await runSuites(ready, packageSuites, args)),
  },
  'test:parity': {
    native: false,
    run: async (ready, args) => report(await runSuites(ready, paritySuites, args)),
  },
  'test:soak': {
    native: true,
    run: async (ready, args) => report(await runSuites(ready, soakSuites, args)),
  },
  docs: {
    native: false,
    run: async (ready) => {
      await setUpSite(ready);
      return launch(ready.node, [join(root, 'infra/site/build.mjs')], { cwd: root, env: ready.env });
    },
  },
  // Makes the package that users install, and prints where its tarball is.
  package: {
    native: false,
    run: ({ node, env }, args) =>
      launch(node, [join(root, 'packages/qfleet/pack/build.ts'), ...args], {
        cwd: env['INIT_CWD'] ?? process.cwd(),
        env,
      }),
  },
  format: {
    native: false,
    run: ({ node, env }) => {
      const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
      return launch(node, [biome, 'check', '--write'], { cwd: root, env });
    },
  },
};

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
if (command === undefined) {
  console.error(`run.mjs: '${name}' is none of ${Object.keys(commands).join(', ')}`);
  process.exit(2);
}
const counts = name.startsWith('test') || name === 'check';
try {
  const letGo = stopOnSignal();
  const ready = await setUpWorkspace(root, process.env);
  const native = typeof command.native === 'function' ? command.native(args) : command.native;
  if (native) await setUpNative(ready, { retry: name === 'setup' });
  letGo();
  process.exitCode = await command.run(ready, args);
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`set-up: ${error.message}`);
  // The sources that don't compile, say, are one failed test: the last line is the sum whatever happens.
  process.exitCode = counts ? report({ passed: 0, failed: 1, skipped: 0 }) : 1;
}
