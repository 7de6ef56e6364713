import { type InfoNumbers, MOST_INFO_NAMES } from '@qfleet/envs';
import type { RedisClient } from '@qfleet/replay';
import { fleetKeys } from '../keys.ts';
import { readReports } from '../records/episodes.ts';
import { refuse } from '../records/refusals.ts';
import { reportEpisodesScript } from '../scripts/episodes.lua.ts';
import type { EpisodeReport } from './episode-tally.ts';

/** The newest training episodes: as many whole reports as hold 100 of them. */
export interface RecentEpisodes {
  /** Mean undiscounted return, and the population's standard deviation. */
  readonly meanReturn: number;
  readonly returnStd: number;
  readonly meanEpsilon: number;
  /** Means of the numbers that environments told in `info`, over the episodes that told them; left out: none did. */
  readonly info?: InfoNumbers;
}

/** Reports kept. Each holds an episode at least. */
const KEPT_REPORTS = 100;
const RECENT_EPISODES = 100;

/**
 * Adds a report to the run's stream and to the histogram of returns, in one round trip, whole or not at all. It takes
 * about 150 bytes, and 50 for each number of `info`, however many episodes it sums up.
 *
 * @param actor the process's id.
 * @param number rising from 1: a report that is sent again, because its reply was lost, counts once.
 */
export async function reportEpisodes(
  redis: RedisClient,
  run: string,
  actor: string,
  number: number,
  report: EpisodeReport,
): Promise<void> {
  const keys = fleetKeys(run);
  const { buckets, ...figures } = report;
  await redis.eval(
    reportEpisodesScript,
    3,
    keys.episodes,
    keys.returns,
    keys.counted(`actor:${actor}`),
    number,
    KEPT_REPORTS,
    JSON.stringify(figures),
    figures.episodes * figures.meanReturn,
    ...buckets.flat(),
  );
}

/** The newest training episodes; null where none was reported yet. It costs the same however many there were. */
export async function readRecentEpisodes(redis: RedisClient, run: string): Promise<RecentEpisodes | null> {
  let [episodes, mean, squares, epsilons] = [0, 0, 0, 0];
  const infos = new Map<string, [episodes: number, mean: number]>();
  for (const report of await readReports(redis, run, KEPT_REPORTS)) {
    // Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
    const all = episodes + report.episodes;
    const apart = report.meanReturn - mean;
    squares += report.returnSquares + (apart * apart * episodes * report.episodes) / all;
    mean += (apart * report.episodes) / all;
    epsilons += report.meanEpsilon * report.episodes;
    episodes = all;
    for (const [name, tally] of Object.entries(report.info ?? {})) addInfo(infos, name, tally);
    if (episodes >= RECENT_EPISODES) break;
  }
  if (episodes === 0) return null;
  return {
    ...{ meanReturn: mean, returnStd: Math.sqrt(squares / episodes), meanEpsilon: epsilons / episodes },
    ...(infos.size === 0
      ? {}
      : { info: Object.fromEntries([...infos].map(([name, [, each]]) => [name, each])) }),
  };
}

/** Adds what a report tells of a number. Each actor has at most 16 names, and so have all together. */
function addInfo(
  infos: Map<string, [episodes: number, mean: number]>,
  name: string,
  [episodes, mean]: readonly [episodes: number, mean: number],
): void {
  const tally = infos.get(name);
  if (tally !== undefined) {
    tally[0] += episodes;
    tally[1] += ((mean - tally[1]) * episodes) / tally[0];
  } else if (infos.size < MOST_INFO_NAMES) infos.set(name, [episodes, mean]);
  else
    refuse('episodes', `reports have numbers of info under more than ${MOST_INFO_NAMES} names, as ${name}`);
}
