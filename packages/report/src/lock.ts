import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { RunDirectoryError } from './errors.ts';

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** The fencing token under which it was taken; null: none. */
  readonly fence: number | null;
}

/** The locks that this process holds, as they are written. */
const held = new Set<string>();

/**
 * Takes a lock file for this process. One that a dead process of this host left behind is taken over, and with a
 * fencing token one of a lower token, whose holder has lost the right to it, whether it is alive or not.
 *
 * @returns what gives the lock back.
 * @throws RunDirectoryError when a living process holds it, or one on another host, of which nothing can be known.
 */
export function takeLock(path: string, what: string, fence: number | null = null): () => void {
  const own = JSON.stringify({ pid: process.pid, host: hostname(), fence, nonce: Math.random() });
  const draft = `${path}.${process.pid}.tmp`;
  // A link appears whole or not at all: nobody reads a half-written lock.
  writeFileSync(draft, own);
  try {
    while (!tryLink(draft, path)) {
      const found = readIfThere(path);
      if (found === null) continue;
      const holder = parseHolder(found);
      const fenced = fence !== null && holder?.fence != null && holder.fence < fence;
      if (holder !== null && !fenced && (held.has(found) || isLiving(holder)))
        throw inUse(what, holder, path);
      removeStale(path, found);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  held.add(own);
  return () => {
    held.delete(own);
    if (readIfThere(path) === own) rmSync(path, { force: true });
  };
}

/** Another process may have taken over the stale lock meanwhile: then its new one is put back. */
function removeStale(path: string, stale: string): void {
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
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function parseHolder(text: string): Holder | null {
  try {
    const { pid, host, fence = null } = JSON.parse(text) as Partial<Holder>;
    return Number.isInteger(pid) && typeof host === 'string' ? { pid: pid as number, host, fence } : null;
  } catch {
    return null;
  }
}

function isLiving({ pid, host }: Holder): boolean {
  if (host !== hostname()) return true;
  // An earlier process with this one's id: in a container every life of a service has id 1.
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and is someone else's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function inUse(what: string, { pid, host }: Holder, path: string): RunDirectoryError {
  return new RunDirectoryError(
    host === hostname()
      ? `${what} is in use by process ${pid}: stop that first, or choose another directory.`
      : `${what} is in use by process ${pid} on ${host}: if that is gone, delete ${path}.`,
  );
}
