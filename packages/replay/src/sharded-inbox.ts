import { peekChunk } from './chunk-header.ts';
import { shardOf, sumOf } from './sharded-store.ts';
import type { HandedIn, Inbox } from './store.ts';

/** The inboxes of several shards as one; all chunks of a slot go to one of them, as `ShardedReplayStore` has it. */
export class ShardedInbox implements Inbox {
  readonly #shards: readonly Inbox[];
  /** What was heard of a shard in a call that failed for another. */
  #unsaid: HandedIn[] = [];

  constructor(shards: readonly Inbox[]) {
    this.#shards = shards;
  }

  async handIn(chunks: readonly Uint8Array[]): Promise<HandedIn> {
    const parts: Uint8Array[][] = this.#shards.map(() => []);
    for (const chunk of chunks) parts[shardOf(peekChunk(chunk), parts.length)].push(chunk);
    const results = await Promise.allSettled(this.#shards.map((shard, i) => shard.handIn(parts[i])));
    const replies = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const heard = [...this.#unsaid, ...replies];
    const failure = results.find((result) => result.status === 'rejected');
    this.#unsaid = failure ? heard : [];
    if (failure) throw failure.reason;
    return {
      standing: sumOf(replies.map(({ standing }) => standing)),
      admitted: heard.flatMap(({ admitted }) => admitted),
      again: heard.flatMap(({ again }) => again),
      dropped: heard.flatMap(({ dropped }) => dropped),
      taken: heard.reduce((sum, { taken }) => sum + taken, 0),
    };
  }
}
