import {
  EnvironmentDefinitionError,
  generateEpisodes,
  returnOf,
  type TextDefinition,
  type TextEpisode,
} from '@qfleet/envs';
import { DialogueBuilder, type Layout, type SealedChunk } from '@qfleet/replay';

/** Which episodes a run learns from. */
export interface RecordedOptions {
  /** Episodes from elsewhere, already checked, in place of those that the task makes; null: it makes them. */
  readonly given?: readonly TextEpisode[] | null;
  /** How many the task makes; null: its own number. */
  readonly episodes: number | null;
  /** The part of them that is kept, of the highest returns. */
  readonly best: number;
  readonly seed: number;
  /** Tokens of the agent after which a chunk is closed. */
  readonly chunkLength: number;
}

/** Recorded dialogues as chunks, and what they come to. */
export interface RecordedDialogues {
  readonly chunks: readonly SealedChunk[];
  /** Those that are learned from. */
  readonly episodes: number;
  /** The mean return of all that were made or given. */
  readonly meanReturn: number;
}

/**
 * The dialogues that are given, or else those that a task makes of itself: the same seed gives the same ones.
 *
 * @throws EnvironmentDefinitionError where the task has no data, or says something that is not legal.
 */
export function recordedDialogues(
  definition: TextDefinition,
  layout: Layout,
  options: RecordedOptions,
): RecordedDialogues {
  const { seed, best, chunkLength } = options;
  const count = options.episodes ?? definition.data?.episodes ?? 0;
  const made = options.given ?? [...generateEpisodes(definition, seed, count)];
  const returns = made.map(returnOf);
  const kept = bestOf(returns, best);
  let sequence = 0;
  const builder = new DialogueBuilder({
    ...{ layout, writer: 'recorded', slot: 0, chunkLength },
    sequence: () => sequence++,
  });
  const chunks = made
    .filter((_, i) => kept.has(i))
    .flatMap((episode) => chunksOf(definition, builder, episode));
  return {
    ...{ chunks, episodes: kept.size },
    meanReturn: returns.reduce((sum, each) => sum + each, 0) / returns.length,
  };
}

/** The places of the highest returns, a part of all; of equal ones, the earliest. */
function bestOf(returns: readonly number[], part: number): Set<number> {
  const order = [...returns.keys()].sort((a, b) => returns[b] - returns[a] || a - b);
  return new Set(order.slice(0, Math.max(1, Math.round(part * returns.length))));
}

/** Hands an episode to a builder. @returns the chunks that it made. */
function chunksOf(
  definition: TextDefinition,
  builder: DialogueBuilder,
  { turns, terminated }: TextEpisode,
): SealedChunk[] {
  const { tokenizer, longestUtterance } = definition;
  const chunks: SealedChunk[] = [];
  let heard: number[] = [];
  let at = 0;
  const listen = () => {
    heard = [];
    for (; at < turns.length && turns[at].who === 'environment'; at++)
      heard.push(...tokenizer.encode(turns[at].text));
    return heard;
  };
  builder.begin(listen());
  while (at < turns.length) {
    const { text, reward } = turns[at++];
    // One that is longer was cut when it was said.
    const utterance = [...tokenizer.encode(text), tokenizer.end].slice(0, longestUtterance);
    checkLegal(definition, utterance);
    const answer = listen();
    const end = at < turns.length ? 'continues' : terminated ? 'terminated' : 'truncated';
    const chunk = builder.push(utterance, reward, answer, end);
    if (chunk !== null) chunks.push(chunk);
  }
  return chunks;
}

/** @throws EnvironmentDefinitionError naming the first token that is not legal. */
function checkLegal({ id, legal, tokenizer }: TextDefinition, utterance: readonly number[]): void {
  if (legal === undefined) return;
  utterance.forEach((token, i) => {
    if (legal(utterance.slice(0, i)).includes(token)) return;
    throw new EnvironmentDefinitionError(
      `The data of ${id} say ${JSON.stringify(tokenizer.decode(utterance))}, whose token ${i} is not legal there.`,
    );
  });
}
