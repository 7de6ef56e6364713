// All of set-up, in order. Each step knows whether it is done already; a second start does none of them.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, readStamp, withLock, writeStamp } from './cache.mjs';
import { isNewEnough, NODE_VERSION, pinnedNodePath, provideNode, withNode } from './node.mjs';
import { capture, Progress, SetupError } from './progress.mjs';
import { buildKey, dependenciesKey, pinnedPnpm } from './workspace.mjs';

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
    readStamp(join(stamps, 'build')) === buildKey(root);
  if (done()) return { root, node: present, env: withNode(env, present), progress };

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

/** @param {Ready} ready
 * @param {string} stamp */
async function build({ root, node, env, progress }, stamp) {
  if (readStamp(stamp) === buildKey(root)) return;
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  // Taken before: a source that changes while the compiler runs must be compiled again.
  const before = buildKey(root);
  await progress.step('build', async () => {
    const { code, output } = await capture(node, [compiler, '-b', '--pretty', 'false'], { cwd: root, env });
    progress.log(`\n$ tsc -b\n${output}`);
    if (code === 0) return;
    const errors = output.trim().split('\n');
    const rest = errors.length > 10 ? `\n… ${errors.length - 10} more lines in ${progress.logPath}` : '';
    throw new SetupError(`the sources do not compile:\n${errors.slice(0, 10).join('\n')}${rest}`);
  });
  const after = buildKey(root);
  if (before === after || before === '') writeStamp(stamp, after);
}

/** TensorFlow and a Redis, both at once; neither is a must: each provisioner says what is used instead.
 * @param {Ready} ready */
export async function setUpNative(ready) {
  const { root, progress } = ready;
  const work = [
    { title: 'Redis', main: 'packages/fleet/dist/local-redis/provision-main.js' },
    { title: 'TensorFlow', main: 'packages/tensor/dist/provision/main.js' },
  ].map((part) => ({
    ...part,
    result: capture(ready.node, [join(root, part.main)], { cwd: root, env: ready.env }),
  }));
  for (const { title, result } of work) {
    const { code, stdout, output } = await progress.step(title, () => result);
    if (code !== 0) {
      progress.log(`\n$ ${title}\n${output}`);
      throw new SetupError(`${title} could not be set up. Details: ${progress.logPath}`);
    }
    // Said when it is new, not at every start.
    const said = join(root, 'node_modules', '.qfleet', `${title.toLowerCase()}-said`);
    const line = stdout.trim();
    if (readStamp(said) === line) continue;
    progress.log(`\n$ ${title}\n${output}`);
    if (line !== '') progress.say(line);
    writeStamp(said, line);
    // The native library was not to be had: if a tool for it is missing, that is what the user can change.
    if (/\bWASM\b/i.test(line))
      for (const sentence of await missingTools(root, ready.env)) progress.say(sentence);
  }
}

/** What is missing of the tools that native TensorFlow is made with, a sentence each.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string[]>} */
export async function missingTools(root, env) {
  const slower = 'until then networks are computed by WebAssembly, several times slower';
  const works = async (/** @type {string} */ command, /** @type {string[]} */ args) =>
    (await capture(command, args, { cwd: root, env })).code === 0;
  const sentences = [];
  if (!(await works('python3', ['--version']))) {
    sentences.push(`python3 is not on PATH: install Python 3 with pip and start again; ${slower}.`);
  } else if (!(await works('python3', ['-m', 'pip', '--version']))) {
    sentences.push(
      `python3 has no pip: install it (apt-get install python3-pip) and start again; ${slower}.`,
    );
  }
  const compilers = [env['CXX'] || 'c++', 'g++', 'clang++'];
  const found = await Promise.all(compilers.map((compiler) => works(compiler, ['--version'])));
  if (!found.includes(true)) {
    sentences.push(`there is no C++ compiler: install one (apt-get install g++) and start again; ${slower}.`);
  }
  return sentences;
}
