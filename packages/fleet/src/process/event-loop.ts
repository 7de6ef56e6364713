import { closeSync, openSync, utimesSync } from 'node:fs';
import { url } from 'node:inspector';
import { endProcess, Watchdog } from '@qfleet/watchdog';
import { FleetConfigurationError } from '../errors.ts';

const TURN_MS = 1_000;

export interface EventLoopOptions {
  /** For the sentence: `learner`. */
  readonly role: string;
  /** Seconds for which the event loop may be held up. */
  readonly stallSeconds: number;
  /** A file that is touched at each turn, for a probe from outside (`health-main.ts`); null: none. */
  readonly healthFile: string | null;
}

/**
 * Ends this process with a sentence and exit code 1 once its event loop has been held up for too long: whoever keeps it
 * running starts it again. In a process that is debugged nothing is watched.
 * @throws FleetConfigurationError where the health file cannot be made.
 */
export function watchEventLoop({ role, stallSeconds, healthFile }: EventLoopOptions): void {
  if (healthFile !== null) make(healthFile);
  const watchdog =
    url() === undefined
      ? Watchdog.start({
          stallMs: stallSeconds * 1000,
          sentence: `The ${role} has stood still for {seconds} seconds, and is ended`,
          onStall: ({ sentence, stack }) => {
            const [frame = ''] = stack.split('\n');
            endProcess({ sentence: `${sentence}: it is ${frame.trim() || 'held up'}.` });
          },
        })
      : null;
  const turn = (): void => {
    watchdog?.at(0, 0, 0);
    if (healthFile !== null) touch(healthFile);
  };
  turn();
  setInterval(turn, TURN_MS).unref();
}

function make(file: string): void {
  try {
    closeSync(openSync(file, 'a'));
  } catch (error) {
    throw new FleetConfigurationError(
      `QFLEET_HEALTH_FILE=${file} cannot be written (${(error as NodeJS.ErrnoException).code}): name a file where this user may write.`,
    );
  }
}

function touch(file: string): void {
  const now = Date.now() / 1000;
  try {
    utimesSync(file, now, now);
  } catch {
    // Where it cannot be touched, the probe says that it is old, or not there.
  }
}
