// Where set-up keeps what it brought, and how it knows that a thing is done: a stamp beside the thing holds a
// hash of everything that it was made from.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The folder of everything that outlives a checkout: Node, Redis, TensorFlow, logs.
 * @param {NodeJS.ProcessEnv} env */
export function cacheFolder(env) {
  if (env['QFLEET_CACHE_DIR']) return env['QFLEET_CACHE_DIR'];
  return join(env['XDG_CACHE_HOME'] || join(env['HOME'] || homedir(), '.cache'), 'qfleet');
}

/** A hash of parts, each of which is told apart from its neighbours by its length.
 * @param {Iterable<string | Uint8Array>} parts */
export function hashOf(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/** @param {string} path */
export function readStamp(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Written whole or not at all.
 * @param {string} path
 * @param {string} text */
export function writeStamp(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, text);
  renameSync(partial, path);
}

/** Runs `work` while holding a lock that one set-up at a time can have; a lock left by a process that has
 * ended is taken over.
 * @template T
 * @param {string} path the lock: a folder with its holder's name in it
 * @param {() => void} onWait called once if another set-up holds the lock
 * @param {() => Promise<T>} work
 * @returns {Promise<T>} */
export async function withLock(path, onWait, work) {
  mkdirSync(dirname(path), { recursive: true });
  const holder = join(path, 'holder');
  let waited = false;
  for (;;) {
    try {
      mkdirSync(path);
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    if (isAbandoned(path, holder)) {
      // Renamed before it is removed, so that of two who find it only one takes it away.
      const aside = `${path}.${process.pid}`;
      try {
        renameSync(path, aside);
        rmSync(aside, { recursive: true, force: true });
      } catch {}
      continue;
    }
    if (!waited) onWait();
    waited = true;
    await sleep(200);
  }
  writeFileSync(holder, `${hostname()} ${process.pid}`);
  const release = () => rmSync(path, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

/** @param {string} path
 * @param {string} holder */
function isAbandoned(path, holder) {
  const [host, pid] = readStamp(holder).split(' ');
  if (pid === undefined) {
    // Its maker is between making the folder and signing it, or died there.
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    return age > 5000;
  }
  if (host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH';
  }
}
