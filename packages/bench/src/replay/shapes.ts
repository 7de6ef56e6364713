import { ChunkBuilder, type Layout, type OpenChunk, observationSize } from '@qfleet/replay';
import { type ObservationArray, observationArrays } from '@qfleet/spaces';

/** What is moved: the size of an observation, and how much of it. */
export interface Shape {
  readonly name: string;
  readonly layout: Layout;
  /** Transitions of the replay in memory. */
  readonly capacity: number;
  /** Chunks of an append: what an actor with a full vector of slots pushes at a time. */
  readonly chunksPerAppend: number;
  /** Chunks that go to Redis in a measurement. */
  readonly chunks: number;
}

export const SHAPES: readonly Shape[] = [
  {
    name: 'CartPole-size',
    layout: { frames: 1, shape: [4], dtype: 'float32', actions: 2 },
    capacity: 2 ** 20,
    chunksPerAppend: 64,
    chunks: 6400,
  },
  {
    name: '84×84×4 uint8',
    layout: { frames: 4, shape: [84, 84], dtype: 'uint8', actions: 6 },
    capacity: 2 ** 13,
    chunksPerAppend: 4,
    chunks: 192,
  },
];
export const CHUNK_LENGTH = 64;
export const EPISODE_LENGTH = 200;

/** Some observations, one after another, that hardly resemble each other. */
export function variedObservations(layout: Layout): ObservationArray {
  const observations = new observationArrays[layout.dtype](16 * observationSize(layout));
  for (let i = 0; i < observations.length; i++) observations[i] = (i * 7) % 256;
  return observations;
}

/** Makes the next so many open chunks of one slot's endless episodes, which show `observations` over and over. */
export function chunkSource(
  layout: Layout,
  writer: string,
  observations: ObservationArray,
  chunkLength = CHUNK_LENGTH,
): (chunks: number) => OpenChunk[] {
  const size = observationSize(layout);
  const count = observations.length / size;
  let sequence = 0;
  let step = 0;
  const builder = new ChunkBuilder({
    layout,
    writer,
    slot: 0,
    chunkLength,
    sequence: () => sequence++,
  });
  builder.begin(observations, 0);
  return (chunks) => {
    const made: OpenChunk[] = [];
    while (made.length < chunks) {
      const end = builder.episodeLength + 1 === EPISODE_LENGTH ? 'terminated' : 'continues';
      const bytes = builder.push(step & 1, 1, observations, (step++ % count) * size, end);
      if (end === 'terminated') builder.begin(observations, 0);
      if (bytes) made.push(bytes);
    }
    return made;
  };
}
