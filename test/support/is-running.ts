import { readFileSync } from 'node:fs';

/**
 * Whether a process runs. One that has ended stays listed until its parent asks for its exit code, which an orphan's may
 * never do: the first process of a container need not.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    // No /proc on this machine, or it has just ended.
    return process.platform !== 'linux';
  }
}
