import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Policy } from '@qfleet/agents';
import type { EnvironmentDefinition, InfoNumbers, StepInfo } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { EpisodeInfo, InfoNames, meanInfo } from './episode-info.ts';
import { type ErrorPolicy, ErrorsInARow } from './error-policy.ts';
import { SlotRows } from './slot-rows.ts';

export interface GreedyEpisodesOptions {
  readonly definition: EnvironmentDefinition;
  readonly policy: Policy;
  /** Observations that make a state of the policy. Default 1. */
  readonly frames?: number;
  readonly episodes: number;
  readonly seed: number;
  /** The chance of a random action at each step. Default 0: the policy is greedy. */
  readonly epsilon?: number;
  /** Environments side by side; the returns do not depend on it where ε is 0. */
  readonly parallel?: number;
  /** Asked between steps; true: stop, and return the episodes that are done. */
  readonly cancelled?: () => boolean;
  /** What is done when an environment throws: its episode is cut there. Default: the error is thrown. */
  readonly onError?: ErrorPolicy;
  /** Told of episodes that do not end, in one sentence that is the same for each call. */
  readonly warn?: (sentence: string) => void;
  /**
   * Seconds after which episodes are cut where nothing limits them and none ended meanwhile. Default: never, so that the
   * returns do not depend on the machine.
   */
  readonly patience?: number;
}

/** Undiscounted returns and lengths, in the order of the episodes' seeds. */
export interface GreedyEpisodes {
  readonly returns: number[];
  readonly lengths: number[];
  /** Episodes among them that did not end by themselves. */
  readonly cutShort: number;
  /** Means of the numbers in `info` over the episodes that told them, each one's last; left out: none did. */
  readonly info?: InfoNumbers;
}

/** Steps after which an episode is cut where the environment has no time limit: a greedy policy may walk for ever. */
const MOST_STEPS = 100_000;
/** Milliseconds between two turns of the event loop. */
const TURN_MS = 20;
/** Seconds after which it is said that no episode has ended. */
const ENDLESS_SECONDS = 5;

/**
 * Plays episodes with the greedy policy, or with ε as small as it is given. Each episode has its own copy of the environment, seeded by
 * its number, so that the same parameters and seed give the same returns.
 * @throws EnvironmentError
 */
export async function playGreedyEpisodes(options: GreedyEpisodesOptions): Promise<GreedyEpisodes> {
  const play = new GreedyPlay(options);
  try {
    await play.run();
  } finally {
    play.close();
  }
  return play.result();
}

class GreedyPlay {
  readonly #options: GreedyEpisodesOptions;
  readonly #slots: SlotRows;
  readonly #errors: ErrorsInARow;
  readonly #returns: Float64Array;
  readonly #lengths: Float64Array;
  readonly #finished = new Set<number>();
  readonly #infoNames: InfoNames;
  /** By episode, from the first step that tells something on. */
  readonly #infos = new Map<number, EpisodeInfo>();
  /** Whether an episode ends at some time, whatever the policy does. */
  readonly #limited: boolean;
  #cutShort = 0;
  #next = 0;
  #endedAt = performance.now();
  #turnedAt = performance.now();
  #stopped = false;
  #survived = false;

  constructor(options: GreedyEpisodesOptions) {
    const { definition, frames, policy, episodes, seed, onError } = options;
    this.#options = options;
    this.#slots = new SlotRows({
      ...{ definition, frames, policy },
      random: new Random(seed),
      turnMs: TURN_MS,
    });
    this.#errors = new ErrorsInARow(onError);
    this.#infoNames = new InfoNames(definition.id, options.warn);
    this.#returns = new Float64Array(episodes);
    this.#lengths = new Float64Array(episodes);
    this.#limited = definition.maxEpisodeSteps !== null;
  }

  async run(): Promise<void> {
    const { policy, epsilon = 0, cancelled = () => false } = this.#options;
    const slots = this.#slots;
    this.#fill();
    while (slots.rows.length > 0 && !this.#stopped && !cancelled()) {
      slots.epsilons.fill(epsilon);
      policy.act(slots.acting);
      const stepped = slots.step();
      if (stepped !== undefined) await this.#await(stepped);
      if (this.#stopped) break;
      const ended: number[] = [];
      for (let i = 0; i < slots.rows.length; i++) if (this.#take(i)) ended.push(i);
      for (const i of ended.reverse()) {
        this.#finished.add(slots.rows[i].slot);
        slots.remove(i);
      }
      if (ended.length > 0) this.#fill();
      if (performance.now() - this.#turnedAt >= TURN_MS) await this.#turn();
    }
  }

  /** Closes the copies that are left. */
  close(): void {
    this.#slots.close();
  }

  result(): GreedyEpisodes {
    const finished = (_: number, episode: number): boolean => this.#finished.has(episode);
    const info = meanInfo(
      // In the order of the seeds, on which alone the sums then depend.
      Array.from(
        [...this.#infos].sort(([a], [b]) => a - b),
        ([episode, told]) => (this.#finished.has(episode) ? told.take() : undefined),
      ),
    );
    return {
      returns: [...this.#returns].filter(finished),
      lengths: [...this.#lengths].filter(finished),
      cutShort: this.#cutShort,
      ...(info === undefined ? {} : { info }),
    };
  }

  /** Starts the next episodes where there is room. */
  #fill(): void {
    const { episodes, seed, parallel = 32 } = this.#options;
    while (this.#next < episodes && this.#slots.rows.length < parallel) {
      try {
        this.#slots.add(this.#next, new Random(Random.seed(seed, `episode ${this.#next}`)));
      } catch (error) {
        this.#survive(error);
        continue;
      }
      this.#next++;
    }
  }

  /** Takes what a step gave in a row. @returns whether its episode is over. */
  #take(index: number): boolean {
    const { rows, rewards, terminated, truncated, failures, infos } = this.#slots;
    const row = rows[index];
    if (failures.has(index)) {
      this.#survive(failures.get(index));
      this.#cutShort++;
      return true;
    }
    this.#returns[row.slot] += rewards[index];
    this.#lengths[row.slot]++;
    const told = infos === null ? null : infos[index];
    if (told !== null) this.#tell(row.slot, told);
    if (terminated[index] || truncated[index]) {
      this.#errors.clear();
      this.#endedAt = performance.now();
      return true;
    }
    if (this.#limited || this.#lengths[row.slot] < MOST_STEPS) return false;
    this.#cutShort++;
    this.#warn();
    return true;
  }

  #tell(episode: number, told: StepInfo): void {
    let info = this.#infos.get(episode);
    if (info === undefined) {
      info = new EpisodeInfo(this.#infoNames);
      this.#infos.set(episode, info);
    }
    info.add(told);
  }

  /** Reports the first error that the evaluation outlives. @throws EnvironmentError: one too many. */
  #survive(thrown: unknown): void {
    const { message } = this.#errors.add(thrown);
    if (!this.#survived) this.#options.warn?.(`${message} The evaluation goes on without it.`);
    this.#survived = true;
  }

  /** Awaits a step, unless it is to be given up. */
  async #await(stepped: Promise<void>): Promise<void> {
    let waits = true;
    const done = stepped.finally(() => {
      waits = false;
    });
    while (waits && !this.#stopped) {
      await Promise.race([done, sleep(TURN_MS)]);
      this.#look();
    }
  }

  /** Gives the event loop a turn, and looks whether to go on. */
  async #turn(): Promise<void> {
    await setImmediate();
    this.#look();
  }

  /** Looks whether to go on. */
  #look(): void {
    this.#turnedAt = performance.now();
    const { cancelled = () => false, patience = Number.POSITIVE_INFINITY } = this.#options;
    this.#stopped = cancelled();
    const silent = this.#limited ? 0 : (this.#turnedAt - this.#endedAt) / 1000;
    if (silent >= ENDLESS_SECONDS) this.#warn();
    if (silent >= patience) this.#cutAll();
  }

  #cutAll(): void {
    this.#stopped = true;
    for (const { slot } of this.#slots.rows) {
      this.#finished.add(slot);
      this.#cutShort++;
    }
  }

  #warn(): void {
    const { definition, warn } = this.#options;
    warn?.(
      `Episodes of ${definition.id} do not end: set maxEpisodeSteps. An evaluation cuts them short, after ` +
        `${MOST_STEPS.toLocaleString('en')} steps at the latest, and its returns are of what was played.`,
    );
  }
}
