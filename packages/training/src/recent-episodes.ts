import { type InfoNumbers, meanInfo } from '@qfleet/rollout';
import type { EpisodeFigures } from './metrics-recorder.ts';

/** What is known of a finished training episode. */
export interface RecentEpisode {
  readonly return: number;
  readonly epsilon: number;
  readonly info?: InfoNumbers;
}

const KEPT = 100;

/** The last training episodes of this process, 100 at most, and how many the run had. */
export class RecentEpisodes {
  readonly #last: RecentEpisode[] = [];
  #episodes: number;

  /** @param before how many the run had in earlier sessions. */
  constructor(before: number) {
    this.#episodes = before;
  }

  add(episodes: readonly RecentEpisode[]): void {
    this.#episodes += episodes.length;
    this.#last.push(...episodes.slice(-KEPT));
    this.#last.splice(0, this.#last.length - KEPT);
  }

  get figures(): EpisodeFigures {
    const returns = this.#last.map((episode) => episode.return);
    const info = meanInfo(this.#last.map((episode) => episode.info));
    return {
      episodes: this.#episodes,
      meanReturn: mean(returns),
      returnStd: deviation(returns),
      epsilon: mean(this.#last.map(({ epsilon }) => epsilon)),
      ...(info === undefined ? {} : { info }),
    };
  }

  /** Lowest and highest ε of the last episodes; null: none yet. */
  get epsilons(): readonly [number, number] | null {
    const epsilons = this.#last.map(({ epsilon }) => epsilon);
    return epsilons.length === 0 ? null : [Math.min(...epsilons), Math.max(...epsilons)];
  }
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Population standard deviation. */
function deviation(values: readonly number[]): number | null {
  const centre = mean(values);
  return centre === null ? null : Math.sqrt(mean(values.map((value) => (value - centre) ** 2)) ?? 0);
}
