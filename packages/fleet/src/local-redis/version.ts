/** The oldest Redis that Qfleet works with. BullMQ's job scripts are supported from 6.2 on, and so are the
 * commands that hand over a value in one step: GETDEL, LMOVE, and SET with GET and NX. */
export const OLDEST_REDIS = '6.2';

/** @param version as a server states it, such as '6.0.16' */
export function isOldRedis(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_REDIS.split('.').map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
