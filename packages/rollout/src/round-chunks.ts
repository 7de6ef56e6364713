import { END, type Round } from '@qfleet/agents';
import {
  type Chunk,
  ChunkError,
  type ColumnSpec,
  encodeOpenChunk,
  type Layout,
  type OpenChunk,
} from '@qfleet/replay';
import { type ObservationArray, observationArrays, stateShape, stateSize } from '@qfleet/spaces';

/** The columns of a round that chunks of other runs lack, by the names of `Round`. */
const COLUMNS = ['ends', 'nextValues'] as const;
const COLUMN_SPECS: readonly ColumnSpec[] = [
  { name: 'ends', dtype: 'uint8', shape: [], cadence: 'step' },
  { name: 'nextValues', dtype: 'float32', shape: [], cadence: 'step' },
];

/**
 * The layout of chunks that hold a slot's part of a round: all steps of it, across episodes, whose ends are a column. States
 * are whole, since those of a frame stack reach back into the round before.
 *
 * @param layout of the run's task.
 */
export function roundLayout(layout: Layout): Layout {
  const { dtype, count, actions } = layout;
  const states = { shape: stateShape(layout), dtype, frames: 1, actions, columns: COLUMN_SPECS };
  return count === undefined ? states : { ...states, count };
}

/** What the chunks of a round have in common. */
export interface RoundOrigin {
  /** The layout that `roundLayout` gives. */
  readonly layout: Layout;
  readonly writer: string;
  /** The slots of the round's copies. */
  readonly slots: readonly number[];
  /** The writer's next sequence number. */
  readonly sequence: () => number;
  readonly epsilon: (slot: number) => number;
  readonly weightsVersion: number;
}

/**
 * A round as chunks, one for each slot.
 * @throws ChunkError where the round holds a value that must not be learned from.
 */
export function roundChunks(round: Round, origin: RoundOrigin): OpenChunk[] {
  const { layout, writer, slots, sequence, epsilon, weightsVersion } = origin;
  const { copies, steps } = round;
  const size = stateSize(layout);
  const part = { actions: new Int32Array(steps), rewards: new Float32Array(steps) };
  const columns = { ends: new Uint8Array(steps), nextValues: new Float32Array(steps) };
  // One state more than there are steps: nobody reads it.
  const observations = new observationArrays[layout.dtype]((steps + 1) * size);
  return slots.map((slot, copy) => {
    for (let step = 0; step < steps; step++) {
      const place = step * copies + copy;
      part.actions[step] = round.actions[place];
      part.rewards[step] = round.rewards[place];
      for (const name of COLUMNS) columns[name][step] = round[name][place];
      copyState(round.observations, place, observations, step, size);
    }
    const place = { writer, sequence: sequence(), slot, episode: 0, offset: 0, length: steps };
    const rest = { end: 'continues', episodeReturn: 0, epsilon: epsilon(slot), weightsVersion } as const;
    return encodeOpenChunk({ ...place, ...rest, ...part, observations, columns, priorities: null }, layout);
  });
}

/**
 * Writes a slot's part of a round to the place of its copy.
 * @throws ChunkError for a chunk that is no such part: nothing is written.
 */
export function takeRoundChunk(chunk: Chunk, round: Round, copy: number): void {
  const { copies, steps } = round;
  const { ends, nextValues } = chunk.columns as Readonly<Record<(typeof COLUMNS)[number], ObservationArray>>;
  if (chunk.length !== steps)
    throw new ChunkError(`A slot’s part of a round has ${steps} steps, not ${chunk.length}.`);
  const unknown = ends.find((end) => end > END.lost);
  if (unknown !== undefined)
    throw new ChunkError(`The end of a step is 0 to ${END.lost}, not ${unknown} (slot ${chunk.slot}).`);
  const open = ends.findIndex((end, step) => end === END.continues && ends[step + 1] === END.lost);
  if (open >= 0)
    throw new ChunkError(
      `Step ${open} of a round goes on to a step that was lost: its episode ends there (slot ${chunk.slot}).`,
    );
  const size = chunk.observations.length / (steps + 1);
  for (let step = 0; step < steps; step++) {
    const place = step * copies + copy;
    round.actions[place] = chunk.actions[step];
    round.rewards[place] = chunk.rewards[step];
    round.ends[place] = ends[step];
    round.nextValues[place] = nextValues[step];
    copyState(chunk.observations, step, round.observations, place, size);
  }
}

function copyState(
  from: ObservationArray,
  source: number,
  to: ObservationArray,
  target: number,
  size: number,
): void {
  to.set(from.subarray(source * size, (source + 1) * size), target * size);
}
