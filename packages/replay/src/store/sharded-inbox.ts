import type { SealedChunk } from '../chunk/encoded.ts';
import { peekChunk } from '../chunk/header.ts';
import { shardOf, sumOf } from './sharded-store.ts';
import type { HandedIn, Inbox } from './store.ts';

/** The inboxes of several shards as one; all chunks of a slot go to one of them, as `ShardedReplayStore` has it. */
export class ShardedInbox implements Inbox {
  readonly #shards: readonly Inbox[];
  /** What was heard of a shard in a call that failed for another. */
  #unsaid: readonly HandedIn[] = [];

  constructor(shards: readonly Inbox[]) {
    this.#shards = shards;
  }

  get pending(): readonly SealedChunk[] {
    return this.#shards.flatMap(({ pending }) => pending);
  }

  async handIn(chunks: readonly SealedChunk[]): Promise<HandedIn> {
    const parts: SealedChunk[][] = this.#shards.map(() => []);
    for (const chunk of chunks) parts[shardOf(peekChunk(chunk), parts.length)].push(chunk);
    const results = await Promise.allSettled(this.#shards.map((shard, i) => shard.handIn(parts[i])));
    const replies = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const all = combine([...this.#unsaid, ...replies]);
    const failure = results.find((result) => result.status === 'rejected');
    this.#unsaid = failure ? [all] : [];
    if (failure) throw failure.reason;
    return { ...all, standing: sumOf(replies.map(({ standing }) => standing)) };
  }
}

const combine = (heard: readonly HandedIn[]): HandedIn => ({
  standing: sumOf(heard.map(({ standing }) => standing)),
  entered: heard.flatMap(({ entered }) => entered),
  admitted: heard.flatMap(({ admitted }) => admitted),
  dropped: heard.flatMap(({ dropped }) => dropped),
  again: heard.reduce((sum, { again }) => sum + again, 0),
  taken: heard.reduce((sum, { taken }) => sum + taken, 0),
});
