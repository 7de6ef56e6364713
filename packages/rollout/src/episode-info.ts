import {
  type InfoNumbers,
  infoNumber,
  isInfoName,
  MOST_INFO_NAME,
  MOST_INFO_NAMES,
  type StepInfo,
} from '@qfleet/envs';

/** The names under which a process reports numbers of `info`: the first 16 that come, where they are valid. */
export class InfoNames {
  readonly #environment: string;
  readonly #tell: (sentence: string) => void;
  readonly #known = new Set<string>();
  readonly #refused = new Set<string>();
  #count = 0;

  /** @param tell told of each name that is refused, once, up to as many as are reported. */
  constructor(environment: string, tell: (sentence: string) => void = () => {}) {
    this.#environment = environment;
    this.#tell = tell;
  }

  /** How many numbers came under a name that is refused. */
  get refused(): number {
    return this.#count;
  }

  /** Whether numbers are reported under a name. */
  admits(name: string): boolean {
    if (this.#known.has(name)) return true;
    const isName = isInfoName(name);
    if (isName && this.#known.size < MOST_INFO_NAMES) {
      this.#known.add(name);
      return true;
    }
    this.#count++;
    if (this.#refused.size < MOST_INFO_NAMES && !this.#refused.has(name)) {
      this.#refused.add(name);
      this.#tell(this.#why(name, isName));
    }
    return false;
  }

  #why(name: string, isName: boolean): string {
    const shown = JSON.stringify(
      name.length > 2 * MOST_INFO_NAME ? `${name.slice(0, MOST_INFO_NAME)}…` : name,
    );
    return isName
      ? `${this.#environment} tells more than ${MOST_INFO_NAMES} numbers in info: ${shown} is not reported.`
      : `${this.#environment} tells ${shown} in info, which is not reported: a name is letters, digits, "_", ".", "/" and ` +
          `"-", at most ${MOST_INFO_NAME}, and begins with a letter or "_".`;
  }
}

/** The numbers that one slot's episode has told: under each name the last. */
export class EpisodeInfo {
  readonly #names: InfoNames;
  readonly #numbers = new Map<string, number>();

  constructor(names: InfoNames) {
    this.#names = names;
  }

  /** Adds what a step told. */
  add(info: StepInfo): void {
    for (const name in info) {
      const value = infoNumber(info[name]);
      if (!Number.isNaN(value) && this.#names.admits(name)) this.#numbers.set(name, value);
    }
  }

  /** What the episode told; undefined: nothing. The next one begins. */
  take(): InfoNumbers | undefined {
    if (this.#numbers.size === 0) return undefined;
    const told = Object.fromEntries(this.#numbers);
    this.#numbers.clear();
    return told;
  }
}

/** The mean over the episodes that told a name, by names; undefined: none told any. */
export function meanInfo(episodes: Iterable<InfoNumbers | undefined>): InfoNumbers | undefined {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const episode of episodes) {
    for (const name in episode) {
      const entry = sums.get(name) ?? { sum: 0, count: 0 };
      entry.sum += episode[name];
      entry.count++;
      sums.set(name, entry);
    }
  }
  if (sums.size === 0) return undefined;
  return Object.fromEntries(Array.from(sums, ([name, { sum, count }]) => [name, sum / count]));
}
