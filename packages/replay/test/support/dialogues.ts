import type { Random } from '@qfleet/random';
import {
  type ChunkEnd,
  DialogueBuilder,
  type DialogueUnit,
  type Layout,
  MemoryReplayStore,
  Replay,
  type ReplayOptions,
  type SealedChunk,
  tokenLayout,
} from '../../src/index.ts';

export const TEXTS: Layout = tokenLayout({
  ...{ vocabulary: 1000, context: 64, history: null, tokenizer: '0123456789abcdef' },
});

/** Reads the last text alone. */
export const LAST_TEXT: Layout = tokenLayout({ ...TEXTS.tokens!, history: 1 });

/** What one speaker says, what comes of it, and what the other answers. */
export interface Exchange {
  readonly said: readonly number[];
  readonly reward: number;
  readonly answer: readonly number[];
}

/** A whole episode. */
export interface Spoken {
  readonly first: readonly number[];
  readonly exchanges: readonly Exchange[];
  readonly end: ChunkEnd;
}

/** Episodes as chunks of one slot. */
export function chunksOf(episodes: readonly Spoken[], chunkLength = 1000, layout = TEXTS): SealedChunk[] {
  let sequence = 0;
  const builder = new DialogueBuilder({
    ...{ layout, writer: 'w', slot: 0, chunkLength },
    sequence: () => sequence++,
  });
  return episodes.flatMap(({ first, exchanges, end }) => {
    builder.begin(first);
    return exchanges.flatMap(({ said, reward, answer }, i) => {
      const isLast = i === exchanges.length - 1;
      const chunk = builder.push(said, reward, answer, isLast ? end : 'continues');
      return chunk === null ? [] : [chunk];
    });
  });
}

/** The learner's view of a replay in memory that holds these chunks. */
export async function replayOf(
  chunks: readonly SealedChunk[],
  options: Partial<Omit<DialogueUnit, 'kind'>> & Partial<ReplayOptions> = {},
  layout = TEXTS,
) {
  const { batchTokens = 64, discountPer = 'token', ...rest } = options;
  const capacity = rest.capacity ?? 1 << 16;
  const store = new MemoryReplayStore(layout, { transitions: capacity, bytes: 1 << 30 });
  await store.append(chunks);
  const unit: DialogueUnit = { kind: 'dialogue', batchTokens, discountPer };
  const replay = new Replay(store, { layout, capacity, discount: 0.9, unit, ...rest });
  await replay.sync();
  return { store, replay, unit };
}

/** An episode of drawn texts, `exchanges` of them, whose tokens are below 1,000. */
export function drawEpisode(random: Random, exchanges: number, longest = 5): Spoken {
  const text = (least: number) =>
    Array.from({ length: least + random.integer(longest) }, () => random.integer(1000));
  return {
    first: text(1),
    exchanges: Array.from({ length: exchanges }, () => ({
      ...{ said: text(1), reward: Math.fround(random.normal()), answer: text(random.integer(2)) },
    })),
    end: random.uniform() < 0.5 ? 'terminated' : 'truncated',
  };
}
