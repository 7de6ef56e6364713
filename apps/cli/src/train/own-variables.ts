import type { RunConfig } from '@qfleet/config';
import { importsPackage } from '@qfleet/env-host';

/**
 * The variables that a process takes from its own environment, since it believes no path and no address in Redis.
 * @param shown how the URLs of shards are written; left out: as they are.
 */
export function ownVariables(
  { environment, replay }: RunConfig,
  shown = (url: string): string => url,
): Record<string, string> {
  const { python } = environment.gymnasium;
  return {
    ...(environment.module === undefined ? {} : { QFLEET_ENV_MODULE: environment.module }),
    ...(environment.module === undefined && importsPackage(environment.id)
      ? { QFLEET_ENV_ID: environment.id }
      : {}),
    ...(python === null ? {} : { QFLEET_PYTHON: python }),
    ...(replay.shards.length === 0 ? {} : { QFLEET_REPLAY_SHARDS: replay.shards.map(shown).join(' ') }),
  };
}
