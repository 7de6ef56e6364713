import { Random } from '@qfleet/random';
import { makeBatch } from '../make-batch.ts';
import { MemoryReplayStore } from '../memory-store.ts';
import { Replay } from '../replay.ts';
import { measure, type Row, rowsOf } from './figures.ts';
import { type Peers, referenceTo } from './peer.ts';
import { CHUNK_LENGTH, chunkSource, type Shape } from './shapes.ts';

export const BATCH_SIZES = [32, 256] as const;

/** A replay in this process beside cpprb. An insert counts whole: from `push` to the learner's index. */
export async function benchMemory(
  shape: Shape,
  prioritized: boolean,
  milliseconds: number,
  peers: Peers,
): Promise<Row[]> {
  const { name, layout, capacity, frameStack } = shape;
  const store = new MemoryReplayStore(layout, { transitions: capacity, bytes: Number.POSITIVE_INFINITY });
  const replay = new Replay(store, {
    layout,
    capacity,
    frameStack,
    discount: 0.99,
    nStep: 1,
    ...(prioritized ? { prioritized: { alpha: 0.6, epsilon: 1e-6 } } : {}),
  });
  const kind = `${name}, in memory, ${prioritized ? 'prioritized with update' : 'uniform'}`;
  const source = chunkSource(layout, 'bench');
  const fill = async () => {
    for (let inserted = 0; ; ) {
      await store.append(source(shape.chunksPerAppend));
      inserted += await replay.sync();
      if (inserted >= capacity) return inserted;
    }
  };
  // Once to fill it, once as it then goes on: each append evicts as much.
  await fill();
  const bytesEach = source(1)[0].length / CHUNK_LENGTH;
  const rows = rowsOf(
    `${kind}, insert`,
    await measure(fill, bytesEach),
    referenceTo('cpprb', peers, name, 'insert'),
  );

  for (const size of BATCH_SIZES) {
    const batch = makeBatch(size, layout, frameStack);
    const random = new Random(size);
    const errors = Float32Array.from({ length: size }, () => random.uniform());
    const sample = async () => {
      const begin = performance.now();
      let samples = 0;
      while (performance.now() - begin < milliseconds) {
        for (let i = 0; i < 10; i++) {
          await replay.sample(batch, random, { beta: 0.4 });
          replay.updatePriorities(batch.leaves, errors);
          samples += size;
        }
      }
      return samples;
    };
    await sample();
    const cost = await measure(sample, (2 * batch.observations.byteLength) / size);
    rows.push(...rowsOf(`${kind}, batch ${size}`, cost, referenceTo('cpprb', peers, name, size)));
  }
  return rows;
}
