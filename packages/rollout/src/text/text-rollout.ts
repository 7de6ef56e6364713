import { createGeneration, type NamedTensors, tokenSelector } from '@qfleet/agents';
import type { TokenQConfig } from '@qfleet/config';
import type { EnvironmentError, TextDefinition } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { DialogueBuilder, type Layout, type SealedChunk } from '@qfleet/replay';
import { type ErrorPolicy, ErrorsInARow } from '../error-policy.ts';
import type { EpisodeSummary } from '../rollout.ts';
import { DialogueSlot, type Exchange } from './dialogue-slot.ts';
import { SpokenMap, Voices } from './voices.ts';

export interface TextRolloutOptions {
  readonly definition: TextDefinition;
  readonly layout: Layout;
  readonly config: TokenQConfig;
  /** The actor's id: with the sequence numbers it makes chunks recognisable. Never used twice. */
  readonly writer: string;
  /** Tokens of the agent after which a chunk is closed. */
  readonly chunkLength: number;
  readonly seed: number;
  /** The most slots at a time. */
  readonly slots: number;
  /** The exploration rate of a slot now. */
  readonly epsilon: (slot: number) => number;
  /** What is done when an environment throws: its episode is truncated there. Default: the error is thrown. */
  readonly onError?: ErrorPolicy;
  /** Told of each error that is survived. */
  readonly onSurvived?: (error: EnvironmentError) => void;
}

/** What a slot that comes again goes on with: its streams, and its number of episodes. */
interface Past {
  readonly environment: Random;
  readonly tokens: Random;
  episodes: number;
}

interface SlotRecord {
  readonly slot: number;
  readonly past: Past;
  readonly builder: DialogueBuilder;
  readonly errors: ErrorsInARow;
  /** Null: it begins anew at the next step. */
  dialogue: DialogueSlot | null;
}

/**
 * The actor's loop for environments that speak, a token of each slot at a time: dialogues in, chunks out. A slot that waits for
 * nobody goes on while another's utterance is long.
 */
export class TextRollout {
  /** The version of the weights that were loaded last. Chunks have that of the weights which spoke. */
  weightsVersion = 0;
  /** Texts tell no numbers. */
  readonly infoRefused = 0;
  readonly #options: TextRolloutOptions;
  readonly #voices: Voices;
  readonly #records: SlotRecord[] = [];
  readonly #past = new Map<number, Past>();
  #next: NamedTensors | null = null;
  #sequence = 0;
  #chunks: SealedChunk[] = [];
  #episodes: EpisodeSummary[] = [];
  #utterances = 0;
  #cutUtterances = 0;

  constructor(options: TextRolloutOptions) {
    const { config, layout, slots } = options;
    this.#options = options;
    this.#voices = new Voices((tensors) => createGeneration(config, layout, tensors, slots));
  }

  get slots(): number[] {
    return this.#records.map(({ slot }) => slot);
  }

  /** Utterances that are whole. */
  get utterances(): number {
    return this.#utterances;
  }

  /** Those of them that were cut at their longest. */
  get cutUtterances(): number {
    return this.#cutUtterances;
  }

  /** Has utterances that begin from the next step on be spoken with other parameters. */
  load(tensors: NamedTensors): void {
    this.#next = tensors;
  }

  /** Starts a slot with a new episode. @param episodes that it has begun elsewhere: its numbers go on. */
  addSlot(slot: number, episodes = 0): void {
    const { seed, writer, layout, chunkLength, onError } = this.#options;
    const stream = (what: string) => new Random(Random.seed(seed, `${what} ${slot} ${writer}`));
    const past = this.#past.get(slot) ?? {
      ...{ environment: stream('slot'), tokens: stream('tokens of slot'), episodes: 0 },
    };
    past.episodes = Math.max(past.episodes, episodes);
    this.#past.set(slot, past);
    const builder = new DialogueBuilder({
      ...{ layout, writer, slot, chunkLength, episodes: past.episodes },
      sequence: () => this.#sequence++,
    });
    this.#records.push({ slot, past, builder, errors: new ErrorsInARow(onError), dialogue: null });
  }

  /** Ends a slot: its whole utterances become a chunk, and its unfinished episode gets no end. */
  removeSlot(slot: number): void {
    const index = this.slots.indexOf(slot);
    if (index < 0) return;
    const [record] = this.#records.splice(index, 1);
    this.#end(record);
  }

  #end({ past, builder, dialogue }: SlotRecord): void {
    this.#keep(builder.flush());
    past.episodes = builder.episodes;
    dialogue?.close();
  }

  close(): void {
    for (const record of this.#records.splice(0)) this.#end(record);
  }

  /** Episodes that a slot has begun, here and before it came here. */
  episodesOf(slot: number): number {
    const record = this.#records.find((each) => each.slot === slot);
    return record?.builder.episodes ?? this.#past.get(slot)?.episodes ?? 0;
  }

  /**
   * A token of every slot that has read what it goes on from.
   *
   * @returns the tokens of utterances that are whole now, which the chunks count.
   * @throws EnvironmentError naming environment, slot, episode and turn; that utterance is in no chunk.
   */
  step(): number {
    if (this.#next !== null) this.#voices.load(this.#next, this.weightsVersion);
    this.#next = null;
    for (const record of this.#records) if (record.dialogue === null) this.#begin(record);
    const speaking = new SpokenMap(
      this.#records.map((record) => [record.dialogue!.spoken!, record] as const),
    );
    let whole = 0;
    this.#voices.step((spoken, token) => {
      whole += this.#take(speaking.get(spoken), token);
    });
    return whole;
  }

  /** Starts a slot's next episode, where its environment throws with another copy. */
  #begin(record: SlotRecord): void {
    const { definition, config, epsilon } = this.#options;
    const { slot, past, builder, errors } = record;
    const decode = config.objective.kind === 'dqn' ? 'greedy' : config.decode;
    for (;;) {
      try {
        const dialogue = new DialogueSlot({
          ...{ definition, voices: this.#voices, slot, episodes: builder.episodes, random: past.environment },
          select: tokenSelector(config, { decode, random: past.tokens, epsilon: () => epsilon(slot) }),
        });
        record.dialogue = dialogue;
        builder.begin(dialogue.begin());
        return;
      } catch (error) {
        this.#options.onSurvived?.(errors.add(error));
      }
    }
  }

  /** Takes a token of a slot. @returns the tokens of the utterance that it ended. */
  #take(record: SlotRecord, token: number): number {
    const { builder, errors, slot } = record;
    let exchange: Exchange | null;
    try {
      exchange = record.dialogue!.take(token);
    } catch (error) {
      this.#options.onSurvived?.(errors.add(error));
      this.#keep(builder.truncate());
      this.#drop(record);
      return 0;
    }
    if (exchange === null) return 0;
    const { utterance, reward, answer, end, weightsVersion, isCut } = exchange;
    this.#utterances++;
    this.#cutUtterances += Number(isCut);
    builder.epsilon = this.#options.epsilon(slot);
    builder.weightsVersion = weightsVersion;
    this.#keep(builder.push(utterance, reward, answer, end));
    if (end === 'continues') return utterance.length;
    errors.clear();
    this.#episodes.push({
      ...{ slot, return: builder.episodeReturn, length: builder.episodeLength },
      ...{ epsilon: builder.epsilon, weightsVersion },
    });
    try {
      builder.begin(record.dialogue!.begin());
    } catch (error) {
      this.#options.onSurvived?.(errors.add(error));
      this.#drop(record);
    }
    return utterance.length;
  }

  /** Gives up a copy of an environment that threw; the next step makes another. */
  #drop(record: SlotRecord): void {
    const { dialogue } = record;
    record.dialogue = null;
    try {
      dialogue?.close();
    } catch (error) {
      this.#options.onSurvived?.(record.errors.add(error));
    }
  }

  /** The chunks closed since the last call. */
  takeChunks(): SealedChunk[] {
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

  #keep(chunk: SealedChunk | null): void {
    if (chunk !== null) this.#chunks.push(chunk);
  }
}
