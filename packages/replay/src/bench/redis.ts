import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Random } from '@qfleet/random';
import { Redis, type RedisOptions } from 'ioredis';
import { makeBatch } from '../make-batch.ts';
import { RedisReplayStore } from '../redis-store.ts';
import { Replay } from '../replay.ts';
import type { ReplayStore } from '../store.ts';
import { asReference, type Cost, measure, type Row, rowsOf } from './figures.ts';
import { BATCH_SIZES } from './memory.ts';
import { type Peers, referenceTo } from './peer.ts';
import type { ProducerData, ProducerOrder } from './producer.ts';
import { CHUNK_LENGTH, SHAPES, type Shape } from './shapes.ts';

const PRODUCERS = [1, 4] as const;
/** Turns that the replay and its limit take; each counts with all of them. */
const ROUNDS = 3;
/** The part of the observations that the learner keeps where sampling has to fetch. */
const CACHED_PART = 1 / 8;
const PLENTY = { transitions: 1e9, bytes: 1e12 };
const newPrefix = () => `qfleet:{bench:${crypto.randomUUID()}}:replay:`;

/** A replay on Redis beside the same bytes in plain values of the same size, in the same run. */
export async function benchRedis(
  shape: Shape,
  options: RedisOptions,
  milliseconds: number,
  peers: Peers,
): Promise<Row[]> {
  const redis = new Redis({ ...options, replyMapping: 'legacy' });
  try {
    const rows: Row[] = [];
    for (const producers of PRODUCERS) rows.push(...(await benchInserts(shape, redis, producers)));
    rows.push(...(await benchReads(shape, redis, milliseconds, peers)));
    return rows;
  } finally {
    redis.disconnect();
  }
}

/** From encoded chunks to the acknowledged append. */
async function benchInserts(shape: Shape, redis: Redis, count: number): Promise<Row[]> {
  const { producers, value } = await startProducers(shape, redis.options, count);
  const run = async (kind: ProducerOrder['kind']): Promise<Cost> => {
    const prefix = newPrefix();
    if (kind === 'append') await RedisReplayStore.create(redis, prefix, shape.layout, PLENTY);
    const cost = await withServer(redis, () => measure(() => order(producers, { kind, prefix }), value));
    // A server of the benchmark's own: nothing else is lost.
    await redis.flushdb();
    return cost;
  };
  try {
    await run('set');
    await run('append');
    const costs = { set: [] as Cost[], append: [] as Cost[] };
    for (let round = 0; round < ROUNDS; round++)
      for (const kind of ['set', 'append'] as const) costs[kind].push(await run(kind));
    const limit = asReference('pipelined SET, same run', sum(costs.set));
    const who = count === 1 ? '1 producer' : `${count} producers`;
    return rowsOf(`${shape.name}, Redis, insert, ${who}`, sum(costs.append), limit);
  } finally {
    for (const producer of producers) producer.postMessage(null);
    await Promise.all(producers.map((producer) => once(producer, 'exit')));
  }
}

/** The learner's side: following, and sampling what is and what is not in its cache. */
async function benchReads(shape: Shape, redis: Redis, milliseconds: number, peers: Peers): Promise<Row[]> {
  const { name, layout, frameStack } = shape;
  const prefix = newPrefix();
  const store = await RedisReplayStore.create(redis, prefix, layout, PLENTY);
  const { producers, value } = await startProducers(shape, redis.options, 1);
  const transitions = await order(producers, { kind: 'append', prefix });
  producers[0].postMessage(null);
  const chunks = transitions / CHUNK_LENGTH;

  const options = { layout, capacity: transitions, frameStack, discount: 0.99, nStep: 1 };
  const get = await withServer(redis, () => measure(() => readPlainly(redis, prefix, chunks, shape), value));
  const replay = new Replay(store, options);
  const followed = await withServer(redis, () => measure(() => replay.sync(), value));
  const rows = rowsOf(
    `${name}, Redis, follow into the index`,
    followed,
    asReference('pipelined GET, same run', get),
  );

  for (const size of BATCH_SIZES) {
    const cost = await measure(() => sampleFor(replay, shape, size, milliseconds), value);
    const cached = `${name}, Redis, batch ${size}, in the learner's cache`;
    rows.push(...rowsOf(cached, cost, referenceTo('reverb', peers, name, size)));
  }

  const fetched: number[][] = [];
  const cacheBytes = transitions * CACHED_PART * (value - 8);
  const cold = new Replay(watched(store, fetched), { ...options, cacheBytes });
  await cold.sync();
  for (const size of BATCH_SIZES) {
    fetched.length = 0;
    const cost = await withServer(redis, () =>
      measure(() => sampleFor(cold, shape, size, milliseconds), value),
    );
    // The same values again, in portions as large.
    const portions = [...fetched];
    const plain = await withServer(redis, () => measure(() => fetchPlainly(redis, prefix, portions), value));
    const limit = asReference('MGET of the same chunks, same run', {
      ...plain,
      transitions: cost.transitions,
    });
    rows.push(...rowsOf(`${name}, Redis, batch ${size}, ${CACHED_PART} of it in the cache`, cost, limit));
  }
  await redis.flushdb();
  return rows;
}

/** A store that remembers in `fetched` which chunks were fetched. */
function watched(store: ReplayStore, fetched: number[][]): ReplayStore {
  return {
    append: (chunks) => store.append(chunks),
    follow: (after, maxBytes) => store.follow(after, maxBytes),
    fetch: (ids) => {
      fetched.push([...ids]);
      return store.fetch(ids);
    },
    recordSampled: (transitions) => store.recordSampled(transitions),
    standing: () => store.standing(),
    close: () => store.close(),
  };
}

async function sampleFor(replay: Replay, shape: Shape, size: number, milliseconds: number): Promise<number> {
  const batch = makeBatch(size, shape.layout, shape.frameStack);
  const random = new Random(size);
  const begin = performance.now();
  let samples = 0;
  while (performance.now() - begin < milliseconds) {
    await replay.sample(batch, random);
    samples += size;
  }
  return samples;
}

async function readPlainly(redis: Redis, prefix: string, chunks: number, shape: Shape): Promise<number> {
  for (let first = 1; first <= chunks; first += shape.chunksPerAppend) {
    const pipeline = redis.pipeline();
    for (let id = first; id < first + shape.chunksPerAppend && id <= chunks; id++)
      pipeline.getBuffer(`${prefix}chunk:${id}`);
    await pipeline.exec();
  }
  return chunks * CHUNK_LENGTH;
}

async function fetchPlainly(redis: Redis, prefix: string, portions: readonly number[][]): Promise<number> {
  for (const ids of portions) await redis.mgetBuffer(ids.map((id) => `${prefix}chunk:${id}`));
  return portions.flat().length * CHUNK_LENGTH;
}

async function startProducers(
  shape: Shape,
  redis: RedisOptions,
  count: number,
): Promise<{ producers: Worker[]; value: number }> {
  const { host, port, path, username, password, db } = redis;
  const address = { host, port, path, username, password, db };
  const file = new URL(import.meta.url.endsWith('.ts') ? './producer.ts' : './producer.js', import.meta.url);
  const producers = Array.from({ length: count }, (_, i) => {
    const workerData: ProducerData = {
      redis: JSON.parse(JSON.stringify(address)) as RedisOptions,
      shape: SHAPES.indexOf(shape),
      writer: `bench-${i}`,
      chunks: shape.chunks / count,
    };
    return new Worker(file, { workerData });
  });
  await Promise.all(producers.map((producer) => once(producer, 'message')));
  const { layout } = shape;
  const bytes = layout.observationShape.reduce((a, b) => a * b, layout.observationDType === 'uint8' ? 1 : 4);
  return { producers, value: bytes + 8 };
}

async function order(producers: readonly Worker[], what: ProducerOrder): Promise<number> {
  const done = producers.map((producer) => once(producer, 'message'));
  for (const producer of producers) producer.postMessage(what);
  return (await Promise.all(done)).reduce((sum, [transitions]) => sum + (transitions as number), 0);
}

/** Adds the server's CPU time. */
async function withServer(redis: Redis, run: () => Promise<Cost>): Promise<Cost> {
  const before = await serverCpu(redis);
  const cost = await run();
  return { ...cost, cpuMilliseconds: cost.cpuMilliseconds + (await serverCpu(redis)) - before };
}

async function serverCpu(redis: Redis): Promise<number> {
  const info = await redis.info('cpu');
  const seconds = (name: string) => Number(info.match(new RegExp(`^${name}:(.*)$`, 'm'))?.[1]);
  return (seconds('used_cpu_user') + seconds('used_cpu_sys')) * 1000;
}

function sum(costs: readonly Cost[]): Cost {
  const add = (name: keyof Cost) => costs.reduce((total, cost) => total + cost[name], 0);
  return {
    transitions: add('transitions'),
    bytes: add('bytes'),
    milliseconds: add('milliseconds'),
    cpuMilliseconds: add('cpuMilliseconds'),
  };
}
