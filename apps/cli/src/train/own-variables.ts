import type { RunConfig } from '@qfleet/config';

/**
 * What a process takes from its own environment, for it believes no module and no address that stands in Redis.
 * @param shown how the URLs of shards are written; left out: as they are.
 */
export function ownVariables(
  { environment, replay }: RunConfig,
  shown = (url: string): string => url,
): Record<string, string> {
  return {
    ...(environment.module === undefined ? {} : { QFLEET_ENV_MODULE: environment.module }),
    ...(replay.shards.length === 0 ? {} : { QFLEET_REPLAY_SHARDS: replay.shards.map(shown).join(' ') }),
  };
}
