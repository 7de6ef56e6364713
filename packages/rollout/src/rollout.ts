import type { Policy } from '@qfleet/agents';
import type { EnvironmentDefinition, EnvironmentError, InfoNumbers } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { ChunkBuilder, type ChunkEnd, type Layout, type OpenChunk, type ReturnOptions } from '@qfleet/replay';
import { EpisodeInfo, InfoNames } from './episode-info.ts';
import { type ErrorPolicy, ErrorsInARow } from './error-policy.ts';
import { largest } from './largest.ts';
import { type SlotRow, SlotRows } from './slot-rows.ts';

export interface RolloutOptions {
  readonly definition: EnvironmentDefinition;
  readonly layout: Layout;
  readonly policy: Policy;
  /** The actor's id: with the sequence numbers it makes chunks recognisable. Never used twice. */
  readonly writer: string;
  /** Steps of a chunk at most. */
  readonly chunkLength: number;
  readonly seed: number;
  /** The exploration rate of a slot now. */
  readonly epsilon: (slot: number) => number;
  /**
   * Chunks carry priorities: |TD errors| of such returns, from what the policy computes to act anyway. Only the last
   * state of a truncated episode, and of a slot that goes, is valued for it. Default: none.
   */
  readonly tdErrors?: ReturnOptions;
  /** What is done when an environment throws: its episode is truncated there. Default: the error is thrown. */
  readonly onError?: ErrorPolicy;
  /** Told of each error that is survived. */
  readonly onSurvived?: (error: EnvironmentError) => void;
  /** Told, in a sentence each, of names in `info` under which nothing is reported. */
  readonly onInfoRefused?: (sentence: string) => void;
  /** Told of each chunk when its last step is done. */
  readonly onChunk?: (chunk: OpenChunk) => void;
}

/** A finished episode. */
export interface EpisodeSummary {
  readonly slot: number;
  /** Undiscounted. */
  readonly return: number;
  /** Steps. */
  readonly length: number;
  readonly epsilon: number;
  readonly weightsVersion: number;
  /** Numbers that the environment told in `info`, under each name the last; left out: none. */
  readonly info?: InfoNumbers;
}

/** What a slot that comes again goes on with: its environment's stream, and its number of episodes. */
interface Past {
  readonly random: Random;
  episodes: number;
}

/** What a slot has beside its row. */
interface SlotRecord {
  readonly past: Past;
  readonly builder: ChunkBuilder;
  readonly errors: ErrorsInARow;
  /** What the episode told so far. */
  readonly info: EpisodeInfo;
}

/**
 * The actor's loop, a step at a time: a vector of environments, a policy, open chunks out. It knows no
 * process and no store.
 */
export class Rollout {
  /** The version of the weights that the policy holds: written into chunks. */
  weightsVersion = 0;
  readonly #options: RolloutOptions;
  readonly #random: Random;
  readonly #slots: SlotRows;
  /** In the order of the rows. */
  readonly #records: SlotRecord[] = [];
  /** By slot, also of those that went. */
  readonly #past = new Map<number, Past>();
  /** max Q of the states that the last actions were chosen in: a row each, with `tdErrors` only. */
  #best = new Float32Array(0);
  readonly #infoNames: InfoNames;
  /** Whether a step is awaited. */
  #inFlight = false;
  #sequence = 0;
  #chunks: OpenChunk[] = [];
  #episodes: EpisodeSummary[] = [];

  constructor(options: RolloutOptions) {
    this.#options = options;
    this.#random = new Random(Random.seed(options.seed, `policy ${options.writer}`));
    const { definition, layout, policy, tdErrors } = options;
    this.#infoNames = new InfoNames(definition.id, options.onInfoRefused);
    this.#slots = new SlotRows({
      ...{ definition, frames: layout.frames, policy, random: this.#random },
      valued: tdErrors !== undefined,
    });
  }

  /** How many numbers the environments told under a name that is refused. */
  get infoRefused(): number {
    return this.#infoNames.refused;
  }

  /** The slots it steps, in the order of their rows. */
  get slots(): number[] {
    return this.#slots.rows.map((row) => row.slot);
  }

  /**
   * Starts a slot with a new episode. One that was here before goes on in its stream.
   * @param episodes that it has begun elsewhere: its numbers go on.
   * @throws EnvironmentError where the environment can't be made or reset.
   */
  addSlot(slot: number, episodes = 0): void {
    const { seed, writer, layout, chunkLength, tdErrors } = this.#options;
    const past = this.#past.get(slot) ?? {
      random: new Random(Random.seed(seed, `slot ${slot} ${writer}`)),
      episodes: 0,
    };
    past.episodes = Math.max(past.episodes, episodes);
    this.#past.set(slot, past);
    const errors = new ErrorsInARow(this.#options.onError);
    const row = this.#add(slot, past, errors);
    const builder = new ChunkBuilder({
      layout,
      writer,
      slot,
      chunkLength,
      episodes: past.episodes,
      sequence: () => this.#sequence++,
      ...(tdErrors ? { tdErrors } : {}),
    });
    builder.begin(row.observation, 0, row.columns);
    this.#records.push({ past, builder, errors, info: new EpisodeInfo(this.#infoNames) });
  }

  #add(slot: number, { random, episodes }: Past, errors: ErrorsInARow): SlotRow {
    for (;;) {
      try {
        return this.#slots.add(slot, random, episodes);
      } catch (error) {
        this.#tellError(errors.add(error));
      }
    }
  }

  /** Ends a slot: its open steps become a chunk, and its unfinished episode gets no end. */
  removeSlot(slot: number): void {
    const index = this.slots.indexOf(slot);
    if (index < 0) return;
    this.#flush(index);
    this.#records.splice(index, 1);
    this.#slots.remove(index);
  }

  /** Makes a chunk of a slot's open steps. */
  #flush(index: number): void {
    const { past, builder } = this.#records[index];
    if (builder.openSteps > 0) this.#keep(builder.flush(this.#valueOf(index)));
    past.episodes = builder.episodes;
  }

  /** Ends all slots, and their environments for good. A step in flight is given up: it is in no chunk. */
  close(): void {
    for (let i = 0; i < this.#records.length; i++) this.#flush(i);
    this.#records.length = 0;
    this.#slots.close();
  }

  /** Episodes that a slot has begun, here and before it came here. */
  episodesOf(slot: number): number {
    const index = this.slots.indexOf(slot);
    return index < 0 ? (this.#past.get(slot)?.episodes ?? 0) : this.#records[index].builder.episodes;
  }

  /**
   * One step of every slot. Where environments are awaited, nothing but `close` and what only reads may be called
   * until it is done.
   * @returns the environment steps done; none of a step that was given up.
   * @throws EnvironmentError naming environment, slot and step; that step is in no chunk.
   */
  step(): number | Promise<number> {
    const { rows, acting } = this.#slots;
    const { policy, epsilon } = this.#options;
    for (let i = 0; i < rows.length; i++) acting.epsilons[i] = epsilon(rows[i].slot);
    policy.act(acting);
    this.#value();
    // Newer weights may come while the step is awaited.
    const version = this.weightsVersion;
    const stepped = this.#slots.step();
    if (stepped === undefined) return this.#take(version);
    this.#inFlight = true;
    return stepped.then(() => this.#take(version));
  }

  /** Keeps max Q of the states that are acted in, before the step writes others, where chunks carry TD errors. */
  #value(): void {
    const { rows, acting } = this.#slots;
    const { values } = acting;
    if (values === null) return;
    const width = this.#options.layout.actions;
    if (this.#best.length < rows.length) this.#best = new Float32Array(rows.length);
    for (let i = 0; i < rows.length; i++) this.#best[i] = largest(values, i * width, width, rows[i].mask);
  }

  /** Takes what a step gave into chunks, and begins the next episodes. */
  #take(version: number): number {
    const { rows, acting, rewards, terminated, truncated, failures, infos } = this.#slots;
    const { actions, epsilons, values } = acting;
    const width = this.#options.layout.actions;
    const anyFailed = failures.size > 0;
    this.#inFlight = false;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      const { builder, errors, info } = this.#records[i];
      const best = values ? this.#best[i] : 0;
      this.#keep(builder.settle(best));
      builder.epsilon = epsilons[i];
      builder.weightsVersion = version;
      if (anyFailed && failures.has(i)) {
        this.#survive(i, failures.get(i), best);
        continue;
      }
      const told = infos === null ? null : infos[i];
      if (told !== null) info.add(told);
      // A step that does both is terminal: nothing is bootstrapped after it.
      const end: ChunkEnd = terminated[i] ? 'terminated' : truncated[i] ? 'truncated' : 'continues';
      const taken = values ? values[i * width + actions[i]] : 0;
      this.#keep(builder.push(actions[i], rewards[i], row.observation, 0, end, taken, best, row.columns));
      if (end === 'continues') continue;
      if (builder.waiting) this.#keep(builder.settle(this.#valueOf(i)));
      this.#told(i);
      errors.clear();
      try {
        this.#slots.reset(i);
      } catch (error) {
        this.#restart(i, error);
      }
      builder.begin(row.observation, 0, row.columns);
    }
    return rows.length;
  }

  /**
   * An environment threw in its step: what it gave before stays, its episode is truncated there, and a new copy begins
   * the next.
   *
   * @param value max Q of the last state that it gave.
   */
  #survive(index: number, error: unknown, value: number): void {
    const { builder } = this.#records[index];
    this.#keep(builder.truncate(value));
    this.#restart(index, error);
    if (builder.episodeLength > 0) this.#told(index);
    const row = this.#slots.rows[index];
    builder.begin(row.observation, 0, row.columns);
  }

  /**
   * Makes an environment that threw anew, and again where that throws, too.
   * @throws EnvironmentError, too many in a row.
   */
  #restart(index: number, thrown: unknown): void {
    for (let error = thrown; ; ) {
      this.#tellError(this.#records[index].errors.add(error));
      try {
        this.#slots.reset(index);
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
  #told(index: number): void {
    const { builder, info } = this.#records[index];
    const { episodeReturn, episodeLength, epsilon, weightsVersion } = builder;
    const { slot } = this.#slots.rows[index];
    const told = info.take();
    this.#episodes.push({
      ...{ slot, return: episodeReturn, length: episodeLength, epsilon, weightsVersion },
      ...(told === undefined ? {} : { info: told }),
    });
  }

  /** The chunks closed since the last call, open: they have to be sealed to leave the process. */
  takeChunks(): OpenChunk[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** The episodes finished since the last call. */
  takeEpisodes(): EpisodeSummary[] {
    const episodes = this.#episodes;
    this.#episodes = [];
    return episodes;
  }

  /** max Q of the state that a row is in; 0 where nobody asks for it. The row's memory moves on: nothing acts on it again. */
  #valueOf(index: number): number {
    const { tdErrors, layout, policy } = this.#options;
    if (tdErrors === undefined) return 0;
    // A step in flight writes the state, which was valued when its action was chosen.
    if (this.#inFlight) return this.#best[index];
    const { state, mask, begins, memory } = this.#slots.rows[index];
    const values = new Float32Array(layout.actions);
    policy.act({
      ...{ count: 1, states: state, begins, memory, masks: mask, random: this.#random, values },
      epsilons: new Float32Array(1),
      actions: new Int32Array(1),
    });
    return largest(values, 0, layout.actions, mask);
  }

  #keep(chunk: OpenChunk | null): void {
    if (chunk === null) return;
    this.#chunks.push(chunk);
    this.#options.onChunk?.(chunk);
  }
}
