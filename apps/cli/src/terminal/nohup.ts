import { fstatSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isatty } from 'node:tty';

/** Major and minor number of /dev/null on Linux. */
const DEV_NULL = (1 << 8) | 3;
const ACCESS_MODE = 0o3;
const WRITE_ONLY = 0o1;

/**
 * Whether `nohup` started this command, so that SIGHUP is to be ignored. Node forgets at its start that the signal was
 * ignored, so this goes by what else nohup leaves: its name as the shell's last command, or a stdin that cannot be read.
 */
export function startedByNohup(environment: NodeJS.ProcessEnv = process.env): boolean {
  return basename(environment['_'] ?? '') === 'nohup' || isUnreadableNull(0);
}

function isUnreadableNull(fd: number): boolean {
  try {
    if (isatty(fd) || fstatSync(fd).rdev !== DEV_NULL) return false;
    const flags = readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/^flags:\s*([0-7]+)/m)?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & ACCESS_MODE) === WRITE_ONLY;
  } catch {
    // No /proc here, or no stdin at all.
    return false;
  }
}
