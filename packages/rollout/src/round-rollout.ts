import { END, makeRound, type Policy, type Round } from '@qfleet/agents';
import type { EnvironmentDefinition, EnvironmentError } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import type { Layout } from '@qfleet/replay';
import { EpisodeInfo, InfoNames } from './episode-info.ts';
import { type ErrorPolicy, ErrorsInARow } from './error-policy.ts';
import { FinalStates } from './final-states.ts';
import { largest } from './largest.ts';
import type { EpisodeSummary } from './rollout.ts';
import { SlotRows } from './slot-rows.ts';

export interface RoundRolloutOptions {
  readonly definition: EnvironmentDefinition;
  readonly layout: Layout;
  readonly policy: Policy;
  /** Names the streams that all is drawn from. */
  readonly writer: string;
  /** Slots, each with its copy of the environment. */
  readonly copies: number;
  /** Steps of a round. */
  readonly steps: number;
  readonly seed: number;
  /** The exploration rate of a slot now. */
  readonly epsilon: (slot: number) => number;
  /** What is done when an environment throws: its episode is truncated there. Default: the error is thrown. */
  readonly onError?: ErrorPolicy;
  /** Told of each error that is survived. */
  readonly onSurvived?: (error: EnvironmentError) => void;
  /** Told, in a sentence each, of names in `info` under which nothing is reported. */
  readonly onInfoRefused?: (sentence: string) => void;
}

/**
 * The loop of an agent that learns from rounds, a step at a time: all slots side by side, into the columns of one round. It
 * allocates nothing for a transition.
 */
export class RoundRollout {
  /** The version of the weights that the policy holds. They change between rounds only. */
  weightsVersion = 0;
  readonly #options: RoundRolloutOptions;
  readonly #slots: SlotRows;
  readonly #round: Round;
  readonly #finals: FinalStates;
  readonly #errors: readonly ErrorsInARow[];
  /** What is kept of each slot’s episode. */
  readonly #returns: Float64Array;
  readonly #lengths: Int32Array;
  /** What each slot's episode told so far. */
  readonly #infos: readonly EpisodeInfo[];
  /** Steps of the round that are done. */
  #step = 0;
  #episodes: EpisodeSummary[] = [];

  /** @throws EnvironmentError where an environment can't be made or reset. */
  constructor(options: RoundRolloutOptions) {
    const { definition, layout, policy, writer, copies, steps, seed, onError } = options;
    this.#options = options;
    const random = new Random(Random.seed(seed, `policy ${writer}`));
    this.#slots = new SlotRows({ definition, frames: layout.frames, policy, random, valued: true });
    this.#round = makeRound(layout, copies, steps);
    this.#finals = new FinalStates(layout, policy, copies);
    this.#errors = Array.from({ length: copies }, () => new ErrorsInARow(onError));
    this.#returns = new Float64Array(copies);
    this.#lengths = new Int32Array(copies);
    const names = new InfoNames(definition.id, options.onInfoRefused);
    this.#infos = Array.from({ length: copies }, () => new EpisodeInfo(names));
    for (let slot = 0; slot < copies; slot++) this.#add(slot);
  }

  #add(slot: number): void {
    const { seed, writer } = this.#options;
    const random = new Random(Random.seed(seed, `slot ${slot} ${writer}`));
    for (;;) {
      try {
        this.#slots.add(slot, random);
        return;
      } catch (error) {
        this.#tellError(this.#errors[slot].add(error));
      }
    }
  }

  /** The round, once all of its steps are done; null before. */
  get round(): Round | null {
    return this.#step === this.#round.steps ? this.#round : null;
  }

  /** Begins the next round, in the memory of the last. */
  release(): void {
    this.#step = 0;
  }

  /**
   * One step of every slot. Where environments are awaited, nothing but `close` and what only reads may be called
   * until it is done.
   * @returns the environment steps done.
   * @throws EnvironmentError naming environment, slot and step.
   */
  step(): number | Promise<number> {
    const slots = this.#slots;
    const { policy, epsilon } = this.#options;
    const { rows, acting } = slots;
    for (let i = 0; i < rows.length; i++) acting.epsilons[i] = epsilon(rows[i].slot);
    policy.act(acting);
    const { copies, observations, actions } = this.#round;
    const first = this.#step * copies;
    if (first > 0) this.#value(first - copies);
    observations.set(slots.states, first * (slots.states.length / copies));
    actions.set(acting.actions, first);
    const stepped = slots.step();
    return stepped === undefined ? this.#take(first) : stepped.then(() => this.#take(first));
  }

  /** Writes max Q of the states that the slots are in, as it was just computed, to the steps from place `first` on that led there. */
  #value(first: number): void {
    const { rows, acting } = this.#slots;
    const { ends, nextValues } = this.#round;
    const width = this.#options.layout.actions;
    for (let i = 0; i < rows.length; i++) {
      if (ends[first + i] !== END.continues) continue;
      nextValues[first + i] = largest(acting.values!, i * width, width, rows[i].mask);
    }
  }

  /** Takes what a step gave into the places from `first` on, and begins the next episodes. */
  #take(first: number): number {
    const { rows, rewards, terminated, truncated, failures, infos } = this.#slots;
    const round = this.#round;
    const anyFailed = failures.size > 0;
    for (let i = 0; i < rows.length; i++) {
      const place = first + i;
      if (anyFailed && failures.has(i)) {
        this.#lose(i, place, failures.get(i));
        continue;
      }
      const told = infos === null ? null : infos[i];
      if (told !== null) this.#infos[i].add(told);
      round.rewards[place] = rewards[i];
      this.#returns[i] += rewards[i];
      this.#lengths[i]++;
      if ((terminated[i] | truncated[i]) === 0) {
        round.ends[place] = END.continues;
        continue;
      }
      // A step that does both is terminal: nothing is bootstrapped after it.
      round.ends[place] = terminated[i] ? END.terminated : END.truncated;
      if (!terminated[i]) this.#finals.add(place, rows[i].state);
      this.#tell(i);
      this.#errors[i].clear();
      try {
        this.#slots.reset(i);
      } catch (error) {
        this.#restart(i, error);
      }
    }
    this.#step++;
    if (this.#step === round.steps) this.#finish(first);
    return rows.length;
  }

  /** Values the states that the round's last steps, from place `first` on, led to, and those that its cut episodes ended in. */
  #finish(first: number): void {
    const { acting } = this.#slots;
    this.#options.policy.act({ ...acting, ...this.#finals.bystanders });
    this.#value(first);
    this.#finals.value(this.#round.nextValues);
  }

  /** An environment threw in its step: there is no such step, and its episode is cut before it. */
  #lose(row: number, place: number, error: unknown): void {
    const { copies, ends, rewards } = this.#round;
    ends[place] = END.lost;
    rewards[place] = 0;
    const before = place - copies;
    // Its value is there: the lost step was chosen by it.
    if (before >= 0 && ends[before] === END.continues) ends[before] = END.truncated;
    this.#restart(row, error);
    if (this.#lengths[row] > 0) this.#tell(row);
  }

  /** Makes an environment that threw anew, and again where that throws, too. @throws EnvironmentError, too many in a row. */
  #restart(row: number, thrown: unknown): void {
    for (let error = thrown; ; ) {
      this.#tellError(this.#errors[row].add(error));
      try {
        this.#slots.reset(row);
        return;
      } catch (again) {
        error = again;
      }
    }
  }

  #tellError(error: EnvironmentError): void {
    this.#options.onSurvived?.(error);
  }

  /** A row's episode is over. */
  #tell(row: number): void {
    const { rows, acting } = this.#slots;
    const info = this.#infos[row].take();
    this.#episodes.push({
      slot: rows[row].slot,
      return: this.#returns[row],
      length: this.#lengths[row],
      epsilon: acting.epsilons[row],
      weightsVersion: this.weightsVersion,
      ...(info === undefined ? {} : { info }),
    });
    this.#returns[row] = 0;
    this.#lengths[row] = 0;
  }

  /** The episodes finished since the last call. */
  takeEpisodes(): EpisodeSummary[] {
    const episodes = this.#episodes;
    this.#episodes = [];
    return episodes;
  }

  /** Ends all slots, and their environments for good. A step in flight is given up. */
  close(): void {
    this.#slots.close();
  }
}
