/** The oldest Redis that Qfleet works with: from 7.0 on an ACL tells reading from writing (`%R~`, `%W~`) and holds
 * some commands to some keys (selectors), which keep a fleet's users apart. */
export const OLDEST_REDIS = '7.0';

/**
 * Whether a version is older than `OLDEST_REDIS`.
 * @param version as a server states it, such as '6.0.16'
 */
export function isOldRedis(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_REDIS.split('.').map(Number);
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
