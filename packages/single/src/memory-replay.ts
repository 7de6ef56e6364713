import type { RunConfig } from '@qfleet/config';
import {
  type Capacity,
  compressChunk,
  compressesWell,
  type Layout,
  MemoryReplayStore,
  type OpenChunk,
  observationBytes,
} from '@qfleet/replay';

/** A replay in this process, as a run's configuration asks for one. */
export class MemoryReplay {
  readonly store: MemoryReplayStore;
  readonly layout: Layout;
  /** Whether frames are worth compressing: the learner's cache has no room for all of them. */
  readonly #compressed: boolean;

  /** @param capacity what it holds. Default: as much as the configuration says. */
  constructor({ replay, learner }: RunConfig, layout: Layout, capacity?: Capacity) {
    const { transitions, bytes } = capacity ?? { transitions: replay.capacity, bytes: replay.capacityBytes };
    this.store = new MemoryReplayStore(layout, { transitions, bytes });
    this.layout = layout;
    this.#compressed = compressesWell(layout) && transitions * observationBytes(layout) > learner.cacheBytes;
  }

  /** Adds chunks, in their order. */
  async append(open: readonly OpenChunk[]): Promise<void> {
    await this.store.append(this.#compressed ? await Promise.all(open.map(compressChunk)) : open);
  }
}
