import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The main file of a role's app: no app imports another, so it is run as a process of its own. package.json says where it is. */
export const mainOf = (role: string): string => fileURLToPath(import.meta.resolve(`#${role}`));

const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs an app with this process's stdio and environment, hands it the signals that come, and gives its exit
 * code (128 + the signal's number where a signal ended it, as a shell says it).
 */
export async function runProcess(role: string): Promise<number> {
  const child = spawn(process.execPath, [mainOf(role)], {
    // The channel carries nothing: when it closes, the app knows that this process has ended, and ends too.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    // A group of its own: Ctrl-C in a terminal would reach it twice, and a second signal ends an app at once.
    detached: true,
  });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of forwarded) process.on(signal, forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
    });
  } finally {
    for (const signal of forwarded) process.off(signal, forward);
  }
}
