// Which Node everything runs on: this one if it is new enough, else the pinned one, brought as an npm package.
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { capture, SetupError } from './progress.mjs';

/** The LTS that Qfleet is developed on. */
export const NODE_VERSION = '24.21.0';

/** @param {string} version as in process.versions.node
 * @returns {boolean} whether Qfleet runs on that Node */
export function isNewEnough(version) {
  return Number.parseInt(version, 10) >= Number.parseInt(NODE_VERSION, 10);
}

/** The same environment with that Node first on PATH, so that every script that says `node` gets it.
 * @param {NodeJS.ProcessEnv} env
 * @param {string} nodePath */
export function withNode(env, nodePath) {
  return { ...env, PATH: [dirname(nodePath), env['PATH'] ?? ''].join(delimiter) };
}

/** @param {string} cache
 * @returns {string} where the pinned Node is or would be */
export function pinnedNodePath(cache) {
  return join(cache, `node-${NODE_VERSION}`, 'bin', 'node');
}

/** Brings the pinned Node into the cache. The npm package `node` only starts an install script that installs
 * `node-<platform>-<arch>`; asking for that one needs no script, which npm may be told to block.
 * @param {string} cache
 * @param {import('./progress.mjs').Progress} progress
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string>} the path of the executable */
export async function provideNode(cache, progress, env) {
  const executable = pinnedNodePath(cache);
  const name = `node-${process.platform}-${process.arch}`;
  const remedy = `install Node ${NODE_VERSION.split('.')[0]} or newer from https://nodejs.org and start again`;
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'node-partial-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const flags = ['--no-audit', '--no-fund', '--no-save', '--ignore-scripts', '--prefix', folder];
    await progress.run('npm', ['install', ...flags, `${name}@${NODE_VERSION}`], {
      cwd: folder,
      env,
      failure: `Node ${process.versions.node} is too old and npm could not bring ${NODE_VERSION}: ${remedy}`,
    });
    const brought = join(folder, 'node_modules', name);
    const probe = await capture(join(brought, 'bin', 'node'), ['--version'], { cwd: folder, env });
    if (probe.stdout.trim() !== `v${NODE_VERSION}`) {
      progress.log(probe.output);
      throw new SetupError(
        `Node ${process.versions.node} is too old, and ${name}@${NODE_VERSION} does not run here: ${remedy}`,
      );
    }
    try {
      renameSync(brought, dirname(dirname(executable)));
    } catch (error) {
      // Another set-up was faster: its Node is as good as this one.
      if (!existsSync(executable)) throw error;
    }
    return executable;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
