import { killWithoutParent } from './watchdog.ts';

/** No process's id. */
const NOBODY = -1;

/**
 * Calls `end` once the process that started this one has ended, however early that was. A process that cannot end by
 * itself then is killed. Does nothing where this process was started without a channel to its parent.
 *
 * @param graceMs milliseconds in which this process ends by itself.
 */
export function endWithParent(end: () => void, graceMs: number): void {
  // False: there was a channel, and it has closed already. Undefined: there never was one.
  if (process.connected === undefined) return;
  if (process.connected === false) {
    killWithoutParent(NOBODY, graceMs);
    end();
    return;
  }
  killWithoutParent(process.ppid, graceMs);
  process.on('disconnect', end);
  // It is no reason to live on.
  process.channel?.unref();
}
