import { parentPort, workerData } from 'node:worker_threads';
import { compressChunk, type Inbox, openReplayInbox, sealChunk } from '@qfleet/replay';
import { Redis, type RedisOptions } from 'ioredis';
import { gameFrames } from './frames.ts';
import { CHUNK_LENGTH, chunkSource, type Shape, variedObservations } from './shapes.ts';

/** What a producer's thread is started with. */
export interface ProducerData {
  readonly redis: RedisOptions;
  readonly shape: Shape;
  readonly writer: string;
  readonly chunks: number;
}

/**
 * One order to a producer: its sealed chunks as plain values, or handed in to the replay under `prefix`; or a game's frames
 * as they come, compressed aside as an actor does it.
 */
export interface ProducerOrder {
  readonly kind: 'set' | 'append' | 'play';
  readonly prefix: string;
}

/** Where a producer's plain values lie. */
const plainKey = (prefix: string, writer: string, i: number): string => `${prefix}plain:${writer}:${i}`;

const { redis: options, shape, writer, chunks } = workerData as ProducerData;
const { layout, chunksPerAppend } = shape;
const redis = new Redis({ ...options, replyMapping: 'legacy' });
const values = chunkSource(layout, writer, variedObservations(layout))(chunks).map(sealChunk);
/** Portions that are compressed while the one before is appended. */
const AHEAD = 3;
/** Who writes a game's frames. */
const PLAYER = `${writer}-plays`;
/** Frames of a game that are drawn: more than a chunk shows. */
const FRAMES = 256;

async function play(inbox: Inbox): Promise<number> {
  const source = chunkSource(layout, PLAYER, gameFrames(FRAMES));
  const appends: Promise<unknown>[] = [];
  for (let made = 0; made < chunks; made += chunksPerAppend) {
    const sealing = Promise.all(source(chunksPerAppend).map(compressChunk));
    const [last] = appends.slice(-1);
    appends.push(
      sealing.then(async (sealed) => {
        await last;
        await inbox.handIn(sealed);
      }),
    );
    await appends.at(-AHEAD);
  }
  await Promise.all(appends);
  return chunks * CHUNK_LENGTH;
}

async function carryOut({ kind, prefix }: ProducerOrder): Promise<number> {
  if (kind === 'play') return play(await openReplayInbox([{ redis, prefix }], layout, PLAYER));
  const inbox = kind === 'append' ? await openReplayInbox([{ redis, prefix }], layout, writer) : null;
  for (let first = 0; first < values.length; first += chunksPerAppend) {
    const portion = values.slice(first, first + chunksPerAppend);
    if (inbox) {
      await inbox.handIn(portion);
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
