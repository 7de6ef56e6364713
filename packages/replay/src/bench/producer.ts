import { parentPort, workerData } from 'node:worker_threads';
import { Redis, type RedisOptions } from 'ioredis';
import { RedisReplayStore } from '../redis-store.ts';
import { CHUNK_LENGTH, chunkSource, SHAPES } from './shapes.ts';

/** What a producer's thread is started with. */
export interface ProducerData {
  readonly redis: RedisOptions;
  /** Its index in `SHAPES`. */
  readonly shape: number;
  readonly writer: string;
  readonly chunks: number;
}

/** One order to a producer: all its chunks as plain values, or into the replay under `prefix`. */
export interface ProducerOrder {
  readonly kind: 'set' | 'append';
  readonly prefix: string;
}

/** Where a producer's plain values lie. */
const plainKey = (prefix: string, writer: string, i: number): string => `${prefix}plain:${writer}:${i}`;

const { redis: options, shape, writer, chunks } = workerData as ProducerData;
const { layout, chunksPerAppend } = SHAPES[shape];
const redis = new Redis({ ...options, replyMapping: 'legacy' });
const values = chunkSource(layout, writer)(chunks);

async function carryOut({ kind, prefix }: ProducerOrder): Promise<number> {
  const store = kind === 'append' ? await RedisReplayStore.open(redis, prefix) : null;
  for (let first = 0; first < values.length; first += chunksPerAppend) {
    const portion = values.slice(first, first + chunksPerAppend);
    if (store) {
      await store.append(portion);
      continue;
    }
    const pipeline = redis.pipeline();
    for (const [i, { buffer, byteOffset, byteLength }] of portion.entries())
      pipeline.set(plainKey(prefix, writer, first + i), Buffer.from(buffer, byteOffset, byteLength));
    await pipeline.exec();
  }
  return values.length * CHUNK_LENGTH;
}

parentPort!.on('message', (order: ProducerOrder | null) => {
  if (order === null) {
    redis.disconnect();
    parentPort!.close();
  } else {
    void carryOut(order).then((transitions) => parentPort!.postMessage(transitions));
  }
});
parentPort!.postMessage(0);
