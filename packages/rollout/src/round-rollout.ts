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

/** What a slot that comes again goes on with: its environment's stream, and its number of episodes. */
interface Past {
  readonly random: Random;
  /** Episodes that it has begun. */
  episodes: number;
}

/** What is kept of a slot beside its row. */
interface SlotRecord {
  readonly past: Past;
  readonly errors: ErrorsInARow;
  /** What its episode told so far. */
  readonly info: EpisodeInfo;
  /** The return (undiscounted) and the steps of its episode so far. */
  return: number;
  length: number;
}

/**
 * The loop of an agent that learns from rounds, a step at a time: all slots side by side, into the columns of one round. It
 * allocates nothing for a transition. Slots, like weights, come and go between rounds.
 */
export class RoundRollout {
  /** The version of the weights that the policy holds. They change between rounds only. */
  weightsVersion = 0;
  readonly #options: RoundRolloutOptions;
  readonly #slots: SlotRows;
  /** In the order of the rows. */
  readonly #records: SlotRecord[] = [];
  /** By slot, also of those that went. */
  readonly #past = new Map<number, Past>();
  readonly #infoNames: InfoNames;
  #round: Round;
  #finals: FinalStates;
  /** Steps of the round that are done. */
  #step = 0;
  #episodes: EpisodeSummary[] = [];

  constructor(options: RoundRolloutOptions) {
    const { definition, layout, policy, writer, steps, seed } = options;
    this.#options = options;
    const random = new Random(Random.seed(seed, `policy ${writer}`));
    this.#slots = new SlotRows({ definition, frames: layout.frames, policy, random, valued: true });
    this.#infoNames = new InfoNames(definition.id, options.onInfoRefused);
    this.#round = makeRound(layout, 0, steps);
    this.#finals = new FinalStates(layout, policy, 0);
  }

  /** How many numbers the environments told under a name that is refused. */
  get infoRefused(): number {
    return this.#infoNames.refused;
  }

  /** The slots that it steps, in the order of a round's copies. */
  get slots(): number[] {
    return this.#slots.rows.map((row) => row.slot);
  }

  /**
   * Starts a slot with a new episode, between rounds. One that was here before goes on in its stream.
   * @param episodes that it has begun elsewhere: its numbers go on.
   * @throws EnvironmentError where the environment can't be made or reset.
   */
  addSlot(slot: number, episodes = 0): void {
    const { seed, writer, onError } = this.#options;
    const past = this.#past.get(slot) ?? {
      random: new Random(Random.seed(seed, `slot ${slot} ${writer}`)),
      episodes: 0,
    };
    past.episodes = Math.max(past.episodes, episodes);
    this.#past.set(slot, past);
    const errors = new ErrorsInARow(onError);
    this.#add(slot, past, errors);
    past.episodes++;
    this.#records.push({ past, errors, info: new EpisodeInfo(this.#infoNames), return: 0, length: 0 });
  }

  #add(slot: number, { random, episodes }: Past, errors: ErrorsInARow): void {
    for (;;) {
      try {
        this.#slots.add(slot, random, episodes);
        return;
      } catch (error) {
        this.#tellError(errors.add(error));
      }
    }
  }

  /** Ends a slot, between rounds: its unfinished episode gets no end. */
  removeSlot(slot: number): void {
    const index = this.slots.indexOf(slot);
    if (index < 0) return;
    this.#records.splice(index, 1);
    this.#slots.remove(index);
  }

  /** Episodes that a slot has begun, here and before it came here. */
  episodesOf(slot: number): number {
    return this.#past.get(slot)?.episodes ?? 0;
  }

  /** Steps of the round that are done. */
  get stepsDone(): number {
    return this.#step;
  }

  /** The round, once all of its steps are done; null before. */
  get round(): Round | null {
    return this.#step === this.#round.steps ? this.#round : null;
  }

  /** Environment steps of a round: all that it has room for. */
  get played(): number {
    return this.#round.copies * this.#round.steps;
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
    if (rows.length !== this.#round.copies) this.#makeRoom(rows.length);
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

  /** Makes the memory of rounds of so many copies. */
  #makeRoom(copies: number): void {
    const { layout, policy, steps } = this.#options;
    this.#round = makeRound(layout, copies, steps);
    this.#finals = new FinalStates(layout, policy, copies);
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
      const record = this.#records[i];
      if (told !== null) record.info.add(told);
      round.rewards[place] = rewards[i];
      record.return += rewards[i];
      record.length++;
      if ((terminated[i] | truncated[i]) === 0) {
        round.ends[place] = END.continues;
        continue;
      }
      // A step that does both is terminal: nothing is bootstrapped after it.
      round.ends[place] = terminated[i] ? END.terminated : END.truncated;
      if (!terminated[i]) this.#finals.add(place, rows[i].state);
      this.#tell(i);
      record.errors.clear();
      try {
        this.#slots.reset(i);
      } catch (error) {
        this.#restart(i, error);
      }
      record.past.episodes++;
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
    const { past, length } = this.#records[row];
    past.episodes++;
    if (length > 0) this.#tell(row);
  }

  /** Makes an environment that threw anew, and again where that throws, too. @throws EnvironmentError, too many in a row. */
  #restart(row: number, thrown: unknown): void {
    for (let error = thrown; ; ) {
      this.#tellError(this.#records[row].errors.add(error));
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
    const record = this.#records[row];
    const info = record.info.take();
    this.#episodes.push({
      slot: rows[row].slot,
      return: record.return,
      length: record.length,
      epsilon: acting.epsilons[row],
      weightsVersion: this.weightsVersion,
      ...(info === undefined ? {} : { info }),
    });
    record.return = 0;
    record.length = 0;
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
