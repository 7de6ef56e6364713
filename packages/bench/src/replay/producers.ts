import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { observationBytes, type RedisReplayStore } from '@qfleet/replay';
import type { RedisOptions } from 'ioredis';
import { programBeside } from '../program-beside.ts';
import type { ProducerData, ProducerOrder } from './producer.ts';
import type { Shape } from './shapes.ts';

/** A learner's pause between two looks while experience comes. */
const ADMIT_MS = 1;

/** Threads that hold a shape's chunks between them; `value` is the bytes of a transition in a chunk. */
export async function startProducers(
  shape: Shape,
  redis: RedisOptions,
  count: number,
): Promise<{ producers: Worker[]; value: number }> {
  const { host, port, path, username, password, db } = redis;
  const address = { host, port, path, username, password, db };
  const file = programBeside('producer', import.meta.url);
  const producers = Array.from({ length: count }, (_, i) => {
    const workerData: ProducerData = {
      redis: JSON.parse(JSON.stringify(address)) as RedisOptions,
      shape,
      writer: `bench-${i}`,
      chunks: shape.chunks / count,
    };
    return new Worker(file, { workerData });
  });
  await Promise.all(producers.map((producer) => once(producer, 'message')));
  // Its action and reward beside the observation.
  return { producers, value: observationBytes(shape.layout) + 8 };
}

export async function stopProducers(producers: readonly Worker[]): Promise<void> {
  const gone = producers.map((producer) => once(producer, 'exit'));
  for (const producer of producers) producer.postMessage(null);
  await Promise.all(gone);
}

/** Has all of them carry out `what`; the transitions that were moved. */
export async function order(producers: readonly Worker[], what: ProducerOrder): Promise<number> {
  const done = producers.map((producer) => once(producer, 'message'));
  for (const producer of producers) producer.postMessage(what);
  return (await Promise.all(done)).reduce((sum, [transitions]) => sum + (transitions as number), 0);
}

/** What `producers` hand in, admitted meanwhile as a learner does it. */
export async function insert(
  producers: readonly Worker[],
  what: ProducerOrder,
  store: RedisReplayStore,
): Promise<number> {
  let ended = false;
  const moved = order(producers, what).finally(() => {
    ended = true;
  });
  // It is awaited below.
  moved.catch(() => undefined);
  while (!ended) if ((await store.admit(1)) === 0) await sleep(ADMIT_MS);
  while ((await store.admit(1)) > 0);
  return moved;
}
