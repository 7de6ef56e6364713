// All of set-up, in order. Each step knows whether it is done already; a second start does none of them.
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheFolder, readStamp, withLock, writeStamp } from './cache.mjs';
import { isNewEnough, NODE_VERSION, pinnedNodePath, provideNode, withNode } from './node.mjs';
import { capture, Progress, SetupError } from './progress.mjs';
import { buildKey, dependenciesKey, isBundled, isCompiled, PAGE_BUNDLER, pinnedPnpm } from './workspace.mjs';

/** @typedef {{root: string, node: string, env: NodeJS.ProcessEnv, progress: Progress}} Ready */

/** Node, the dependencies and the build.
 * @param {string} root the checkout
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Ready>} what commands are to be run with */
export async function setUpWorkspace(root, env) {
  const cache = cacheFolder(env);
  const progress = new Progress(join(cache, 'logs'));
  const stamps = join(root, 'node_modules', '.qfleet');
  const present = isNewEnough(process.versions.node) ? process.execPath : pinnedNodePath(cache);
  const done = () =>
    existsSync(present) &&
    readStamp(join(stamps, 'dependencies')) === dependenciesKey(root) &&
    isBuilt(root, join(stamps, 'build'));
  if (done()) return { root, node: present, env: withNode(env, present), progress };

  checkWritable(cache);
  const waiting = () => progress.say('another set-up is at work; waiting for it');
  return withLock(join(cache, 'setup.lock'), waiting, async () => {
    let node = present;
    if (!existsSync(node)) {
      const title = `Node ${NODE_VERSION} (this one is ${process.versions.node})`;
      node = await progress.step(title, () => provideNode(cache, progress, env));
    }
    const ready = { root, node, env: withNode(env, node), progress };
    await installDependencies(ready, join(stamps, 'dependencies'));
    await build(ready, join(stamps, 'build'));
    return ready;
  });
}

/** As `mkdir -p`. Node's own never ends on a file system where nothing can be made, such as /proc.
 * @param {string} path */
function makeFolders(path) {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another set-up was faster.
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
}

/** @param {string} cache
 * @throws {SetupError} where nothing can be kept there */
function checkWritable(cache) {
  try {
    makeFolders(cache);
    accessSync(cache, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new SetupError(
      `${cache}, where set-up keeps what it brings, can't be written (${code}): name another folder in QFLEET_CACHE_DIR`,
    );
  }
}

/** @param {Ready} ready
 * @param {string} stamp */
async function installDependencies({ root, env, progress }, stamp) {
  const key = dependenciesKey(root);
  if (readStamp(stamp) === key) return;
  const pnpm = pinnedPnpm(root);
  await progress.step(`dependencies, by ${pnpm}`, () =>
    progress.run('npx', ['--yes', pnpm, 'install', '--frozen-lockfile', '--pm-on-fail=ignore'], {
      cwd: root,
      // CI: pnpm asks no questions. pm-on-fail: it need not look for itself in the lock file.
      env: { ...env, CI: 'true' },
      failure: `${pnpm} could not install the dependencies`,
    }),
  );
  writeStamp(stamp, key);
}

/** @param {string} root
 * @param {string} stamp */
function isBuilt(root, stamp) {
  return readStamp(stamp) === buildKey(root) && isCompiled(root) && isBundled(root);
}

/** @param {Ready} ready
 * @param {string} stamp */
async function build(ready, stamp) {
  const { root, progress } = ready;
  if (isBuilt(root, stamp)) return;
  // Taken before: a source that changes while the compiler runs must be compiled again.
  const key = buildKey(root);
  await progress.step('build', async () => {
    await compile(ready, []);
    // The compiler goes by its own notes, which outlive a dist that was removed by hand.
    if (!isCompiled(root)) await compile(ready, ['--force']);
    await bundlePage(ready);
  });
  writeStamp(stamp, key);
}

/** @param {Ready} ready
 * @param {string[]} flags */
async function compile({ root, node, env, progress }, flags) {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, output } = await capture(node, [tsc, '-b', '--pretty', 'false', ...flags], {
    cwd: root,
    env,
  });
  progress.log(`\n$ tsc -b ${flags.join(' ')}\n${output}`);
  if (code === 0) return;
  const errors = output.trim().split('\n');
  const rest = errors.length > 10 ? `\n… ${errors.length - 10} more lines in ${progress.logPath}` : '';
  throw new SetupError(`the sources do not compile:\n${errors.slice(0, 10).join('\n')}${rest}`);
}

/** Makes the page of `qfleet watch` of what is compiled.
 * @param {Ready} ready */
async function bundlePage({ root, node, env, progress }) {
  const { code, output } = await capture(node, [join(root, PAGE_BUNDLER)], { cwd: root, env });
  progress.log(`\n$ node ${PAGE_BUNDLER}\n${output}`);
  if (code !== 0) throw new SetupError(`the page does not bundle:\n${output.trim()}`);
}
