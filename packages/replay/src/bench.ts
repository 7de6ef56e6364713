import { Random } from '@qfleet/random';
import type { Layout } from './chunk.ts';
import { ChunkBuilder } from './chunk-builder.ts';
import { makeObservations, observationSize } from './layout.ts';
import { makeBatch } from './make-batch.ts';
import { MemoryReplayStore } from './memory-store.ts';
import type { RedisClient } from './redis/scripts.ts';
import { RedisReplayStore } from './redis-store.ts';
import { Replay } from './replay.ts';

/** A figure of `qfleet bench`, as the report package's `BenchRow` has it. */
interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly reference: string | null;
  readonly referenceValue: number | null;
  readonly ratio: number | null;
}

interface Shape {
  readonly name: string;
  readonly layout: Layout;
  readonly frameStack: number;
  readonly capacity: number;
  /** Chunks of an append on Redis: what an actor with a full vector of slots pushes at a time. */
  readonly chunksPerAppend: number;
  readonly chunks: number;
  /** cpprb 11.0, prioritized, on a 2-core CPU (recorded): adds a second, and samples with update by batch size. */
  readonly cpprb: { readonly adds: number; readonly samples: Readonly<Record<number, number>> };
}

const SHAPES: readonly Shape[] = [
  {
    name: 'CartPole-size',
    layout: { observationShape: [4], observationDType: 'float32', actions: 2 },
    frameStack: 1,
    capacity: 2 ** 20,
    chunksPerAppend: 64,
    chunks: 6400,
    cpprb: { adds: 6.8e6, samples: { 32: 0.96e6, 256: 1.45e6 } },
  },
  {
    name: '84×84×4 uint8',
    layout: { observationShape: [84, 84], observationDType: 'uint8', actions: 6 },
    frameStack: 4,
    capacity: 2 ** 13,
    chunksPerAppend: 4,
    chunks: 200,
    cpprb: { adds: 0.32e6, samples: { 32: 0.19e6 } },
  },
];
const CHUNK_LENGTH = 64;
const EPISODE_LENGTH = 200;

/**
 * Transitions a second into and out of a replay: in this process beside cpprb (recorded), and on Redis beside a
 * pipelined SET or GET of the same values in the same run. A transition's way counts whole: in memory from `push`
 * to the learner's index, on Redis from encoded chunks to the acknowledged append, and from Redis to the client.
 *
 * @param redis a client of an otherwise idle Redis, under which a replay is made and removed; null: without Redis.
 * @param milliseconds of measuring a sampling figure.
 */
export async function benchReplay(redis: RedisClient | null, milliseconds = 500): Promise<Row[]> {
  const rows: Row[] = [];
  for (const shape of SHAPES) {
    for (const prioritized of [false, true])
      rows.push(...(await benchMemory(shape, prioritized, milliseconds)));
    if (redis) rows.push(...(await benchRedis(shape, redis)));
  }
  return rows;
}

async function benchMemory(shape: Shape, prioritized: boolean, milliseconds: number): Promise<Row[]> {
  const { name, layout, capacity, frameStack, cpprb } = shape;
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
  const steps = stepsOf(layout);
  const start = performance.now();
  let inserted = 0;
  while (inserted < capacity) {
    await store.append(steps(shape.chunksPerAppend));
    inserted += await replay.sync();
  }
  const rows = [
    row(
      `${kind}, insert`,
      (inserted / (performance.now() - start)) * 1000,
      'cpprb 11.0 (recorded)',
      cpprb.adds,
    ),
  ];

  for (const size of [32, 256]) {
    const batch = makeBatch(size, layout, frameStack);
    const random = new Random(size);
    const errors = Float32Array.from({ length: size }, () => random.uniform());
    const measure = async () => {
      const begin = performance.now();
      let samples = 0;
      while (performance.now() - begin < milliseconds) {
        for (let i = 0; i < 10; i++) {
          await replay.sample(batch, random, { beta: 0.4 });
          replay.updatePriorities(batch.leaves, errors);
          samples += size;
        }
      }
      return (samples / (performance.now() - begin)) * 1000;
    };
    await measure();
    const peer = cpprb.samples[size];
    rows.push(row(`${kind}, batch ${size}`, await measure(), 'cpprb 11.0 (recorded)', peer ?? null));
  }
  return rows;
}

async function benchRedis(shape: Shape, redis: RedisClient): Promise<Row[]> {
  const { name, layout, chunksPerAppend, chunks } = shape;
  const steps = stepsOf(layout);
  const values = Array.from({ length: chunks }, () => steps(1)[0]);
  const transitions = values.length * CHUNK_LENGTH;
  const portions: Uint8Array[][] = [];
  for (let i = 0; i < chunks; i += chunksPerAppend) portions.push(values.slice(i, i + chunksPerAppend));
  const prefix = `qfleet:{bench:${crypto.randomUUID()}}:replay:`;
  const plain = (portion: number, i: number) => `${prefix}plain:${portion}:${i}`;

  async function rate(
    run: (portion: readonly Uint8Array[], index: number) => Promise<unknown>,
  ): Promise<number> {
    const start = performance.now();
    for (const [index, portion] of portions.entries()) await run(portion, index);
    return (transitions / (performance.now() - start)) * 1000;
  }

  /** The bare client's: SET, GET, and away with them. */
  async function limits(): Promise<{ set: number; get: number }> {
    const set = await rate((portion, index) => {
      const pipeline = redis.pipeline();
      for (const [i, bytes] of portion.entries()) pipeline.set(plain(index, i), Buffer.from(bytes.buffer));
      return pipeline.exec();
    });
    const get = await rate((portion, index) => {
      const pipeline = redis.pipeline();
      for (const i of portion.keys()) pipeline.getBuffer(plain(index, i));
      return pipeline.exec();
    });
    await rate((portion, index) => redis.unlink(portion.map((_, i) => plain(index, i))));
    return { set, get };
  }

  try {
    await limits();
    const limit = await limits();
    const store = await RedisReplayStore.create(redis, prefix, layout, { transitions: 1e9, bytes: 1e12 });
    const insert = await rate((portion) => store.append(portion));
    let after = 0;
    const portionBytes = chunksPerAppend * values[0].length;
    const follow = await rate(async () => {
      const { chunks: followed } = await store.follow(after, portionBytes);
      after = followed.at(-1)?.id ?? after;
    });
    return [
      row(`${name}, Redis, insert`, insert, 'pipelined SET, same run', limit.set),
      row(`${name}, Redis, follow`, follow, 'pipelined GET, same run', limit.get),
    ];
  } finally {
    await RedisReplayStore.remove(redis, prefix);
  }
}

/** Makes the next so many encoded chunks of one slot's endless episodes. */
function stepsOf(layout: Layout): (chunks: number) => Uint8Array[] {
  const size = observationSize(layout);
  const observations = makeObservations(layout.observationDType, size * 16);
  for (let i = 0; i < observations.length; i++) observations[i] = (i * 7) % 256;
  let sequence = 0;
  let step = 0;
  const builder = new ChunkBuilder({
    layout,
    writer: 'bench',
    slot: 0,
    chunkLength: CHUNK_LENGTH,
    sequence: () => sequence++,
  });
  builder.begin(observations, 0);
  return (chunks) => {
    const made: Uint8Array[] = [];
    while (made.length < chunks) {
      const end = builder.episodeLength + 1 === EPISODE_LENGTH ? 'terminated' : 'continues';
      const bytes = builder.push(step & 1, 1, observations, (step++ % 16) * size, end);
      if (end === 'terminated') builder.begin(observations, 0);
      if (bytes) made.push(bytes);
    }
    return made;
  };
}

function row(name: string, value: number, reference: string, referenceValue: number | null): Row {
  return {
    name,
    value,
    unit: 'transitions/s',
    reference: referenceValue === null ? null : reference,
    referenceValue,
    ratio: referenceValue === null ? null : value / referenceValue,
  };
}
