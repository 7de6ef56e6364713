import type { Episode } from '../episode.ts';
import type { LoadedPolicy } from '../loaded-policy.ts';

/** Episodes that go on over several requests, by names that clients choose; where there are too many, the one not used for longest ends. */
export class Sessions {
  /** In the order in which they were used last. */
  readonly #episodes = new Map<string, Episode>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#episodes.size;
  }

  /** The episode of a name; a new one where there is none. */
  episode(name: string, policy: LoadedPolicy): Episode {
    const episode = this.#episodes.get(name) ?? policy.episode();
    this.#episodes.delete(name);
    this.#episodes.set(name, episode);
    const [oldest] = this.#episodes.keys();
    if (this.#episodes.size > this.#most) this.#episodes.delete(oldest);
    return episode;
  }
}
