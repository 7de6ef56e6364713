import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Who holds a lock: one life of a process. */
export interface Holder {
  readonly pid: number;
  readonly host: string;
  /** What process ids are counted in: one start of a machine, one container. Null: not known. */
  readonly ids: string | null;
  /** When the process began, by its machine's clock of starts; null: not known. */
  readonly began: string | null;
  /** The fencing token under which it was taken; null: none. */
  readonly fence: number | null;
}

export const thisProcess = (): Omit<Holder, 'fence'> => ({
  pid: process.pid,
  host: hostname(),
  ids: namespaceOfIds(),
  began: beganAt(process.pid),
});

/** Null: it is no holder. */
export function parseHolder(text: string): Holder | null {
  try {
    const { pid, host, ids = null, began = null, fence = null } = JSON.parse(text) as Partial<Holder>;
    return Number.isInteger(pid) && typeof host === 'string'
      ? { pid: pid as number, host, ids, began, fence }
      : null;
  } catch {
    return null;
  }
}

/** `unknown`: of another machine or container. */
export type Life = 'living' | 'dead' | 'unknown';

/** Whether the holder lives, as far as this process can see: into another container or machine it cannot. */
export function lifeOf({ pid, host, ids, began }: Holder): Life {
  if (ids === null ? host !== hostname() : ids !== namespaceOfIds()) return 'unknown';
  // An earlier process with this one's id: in a container every life of a service has id 1.
  if (pid === process.pid || !isRunning(pid)) return 'dead';
  const now = beganAt(pid);
  return began !== null && now !== null && now !== began ? 'dead' : 'living';
}

/**
 * Whether a process of this machine runs. One that has ended is listed until its parent asks for its exit code, which in a
 * container may be never.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and is someone else's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const [state] = statOf(pid) ?? [];
  return state !== 'Z' && state !== 'X';
}

/** What tells the process ids of this boot and container from others; null: not known, as outside Linux. */
function namespaceOfIds(): string | null {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/** When a process began, by which it is told from a later one with the same id; null: not known. */
const beganAt = (pid: number): string | null => statOf(pid)?.[19] ?? null;

/** What Linux tells of a process, from its state on; null: not known. */
function statOf(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}
