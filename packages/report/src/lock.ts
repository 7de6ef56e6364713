import {
  closeSync,
  fstatSync,
  futimesSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { LockedError, RunDirectoryError } from './errors.ts';
import { type Holder, lifeOf, parseHolder, thisProcess } from './lock-holder.ts';
import { readTextFile } from './read-file.ts';
import { writing } from './storage-error.ts';

/** A holder touches its lock so often. */
const TOUCH_MS = 2_000;
/** A lock that nobody touches for so long is a dead holder's. */
const STALE_MS = 15_000;
const LOOK_MS = 500;

export interface LockOptions {
  /** What the lock is for, for messages. */
  readonly what: string;
  /** The token of a lease: a holder with a lower one has lost the right to the lock, whether it is alive or not. */
  readonly fence?: number | null;
  /** Told, in a sentence, where the holder's death can only be seen by waiting. */
  readonly onWait?: (sentence: string) => void;
  readonly signal?: AbortSignal;
}

/** A lock file that this process holds. */
export interface Lock extends Disposable {
  /** Aborted, with a RunDirectoryError as its reason, where another took it over, since this process stood still for long. */
  readonly lost: AbortSignal;
  /** Gives it back. */
  release(): void;
}

/** The locks that this process holds, as they are written. */
const held = new Set<string>();

/**
 * Takes a lock file for this process. One that a dead process left behind is taken over: of this machine and container
 * at once, of another one when it has not been touched for `STALE_MS`.
 *
 * @throws LockedError when a living process holds it; StorageError when it can't be written; the signal's reason.
 */
export async function takeLock(path: string, options: LockOptions): Promise<Lock> {
  const { fence = null } = options;
  const nonce = Math.random().toString(36).slice(2);
  const own = JSON.stringify({ ...thisProcess(), fence, nonce });
  const draft = `${path}.${process.pid}-${nonce}.tmp`;
  // A link appears whole or not at all: nobody reads a half-written lock.
  try {
    writing(path, () => writeFileSync(draft, own));
    while (!tryLink(draft, path)) {
      const found = readIfThere(path);
      if (found === null) continue;
      await refuseLiving(path, found, options);
      removeStale(path, found);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return hold(path, own, options.what);
}

/** Who holds a lock, alive or not; null: nobody. */
export function holderOf(path: string): Holder | null {
  const found = readIfThere(path);
  return found === null ? null : parseHolder(found);
}

function hold(path: string, own: string, what: string): Lock {
  held.add(own);
  const lost = new AbortController();
  const timer = setInterval(() => {
    if (touchIfOwn(path, own)) return;
    clearInterval(timer);
    lost.abort(
      new RunDirectoryError(`${what} is no longer this process's: its lock was taken over, or removed.`),
    );
  }, TOUCH_MS).unref();
  const release = (): void => {
    clearInterval(timer);
    held.delete(own);
    if (readIfThere(path) === own) rmSync(path, { force: true });
  };
  return { lost: lost.signal, release, [Symbol.dispose]: release };
}

/** @throws LockedError where the holder lives. */
async function refuseLiving(path: string, found: string, options: LockOptions): Promise<void> {
  const holder = parseHolder(found);
  if (holder === null) return;
  const { what, fence = null } = options;
  if (fence !== null && holder.fence !== null && holder.fence < fence) return;
  const life = held.has(found) ? 'living' : lifeOf(holder);
  if (life === 'dead') return;
  if (life === 'living') throw new LockedError(what, `process ${holder.pid}`);
  if (await isTouched(path, found, holder, options)) throw new LockedError(what, nameOf(holder));
}

/** Waits for a sign of life of a holder that cannot be seen from here. Reading the file asks its server, not a cache. */
async function isTouched(
  path: string,
  found: string,
  holder: Holder,
  options: LockOptions,
): Promise<boolean> {
  const before = touchedAt(path);
  options.onWait?.(
    `${options.what} was last used by ${nameOf(holder)}: waiting ${STALE_MS / 1000} seconds for a sign that it has ended.`,
  );
  for (let waited = 0; waited < STALE_MS; waited += LOOK_MS) {
    await sleep(LOOK_MS, undefined, options.signal ? { signal: options.signal } : {});
    // Another one holds it now, or nobody.
    if (readIfThere(path) !== found) return false;
    if (touchedAt(path) !== before) return true;
  }
  return false;
}

/** Another process may have taken over the stale lock meanwhile: then its new one is put back. */
function removeStale(path: string, stale: string): void {
  if (readIfThere(path) !== stale) return;
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') !== stale) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function readIfThere(path: string): string | null {
  try {
    return readTextFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** When the lock was last touched; null: there is no file. */
function touchedAt(path: string): number | null {
  return withFile(path, 'r', (file) => fstatSync(file).mtimeMs);
}

/** @returns false where the lock is another's, or was removed; a disk that cannot be read now says nothing. */
function touchIfOwn(path: string, own: string): boolean {
  try {
    const found = withFile(path, 'r+', (file) => {
      const text = readFileSync(file, 'utf8');
      const now = new Date();
      if (text === own) futimesSync(file, now, now);
      return text;
    });
    return found === own;
  } catch {
    return true;
  }
}

function withFile<T>(path: string, flags: string, use: (file: number) => T): T | null {
  let file: number;
  try {
    file = openSync(path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

const nameOf = ({ pid, host }: Holder): string => `process ${pid} on ${host}`;
