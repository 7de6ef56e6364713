import { setTimeout as sleep } from 'node:timers/promises';
import {
  createLogger,
  followWeights,
  LearnerLease,
  WeightsPublisher,
  WeightsSubscriber,
} from '@qfleet/fleet';
import { meter } from './meter.ts';
import type { Servers } from './servers.ts';
import { connectMany } from './throughput.ts';

/** CPU seconds of Redis. */
export interface WeightsCosts {
  /** One actor's share of a second: waiting for weights that don't come. */
  readonly waiting: number;
  /** A version announced to an actor and read by it, whatever its size. */
  readonly version: number;
  /** A byte of weights read by an actor. */
  readonly byte: number;
}

const RUN = 'bench';
const IDLE_SECONDS = 4;
const VERSIONS = 20;
const PUBLISH_MS = 200;
const READS = 200;

/** Measures with real followers, two connections each. */
export async function measureWeights(
  { urls, clients, clear }: Servers,
  followers: number,
): Promise<WeightsCosts> {
  const [redis] = clients;
  const lease = await LearnerLease.acquire(redis, RUN, 'bench');
  const publisher = new WeightsPublisher(redis, RUN, lease);
  const publish = (version: number, values: number): Promise<number> => {
    const data = Float32Array.from({ length: values }, (_, i) => Math.sin(i));
    return publisher.publish({
      version,
      updates: version,
      tensors: new Map([['w', { shape: [values], data }]]),
    });
  };
  await publish(1, 400_000);
  const reader = new WeightsSubscriber(redis, RUN);
  const read = await meter(clients, async () => {
    for (let i = 0; i < READS; i++) await reader.newerThan(0);
  });
  await publish(2, 1);

  const connections = (await connectMany(urls, followers)).flat();
  const announcing = (await connectMany(urls, followers)).flat();
  const end = new AbortController();
  const log = createLogger('silent');
  let taken = 0;
  const held = connections.map(() => 0);
  const following = connections.map((connection, i) =>
    followWeights({
      announcements: announcing[i],
      run: RUN,
      subscriber: new WeightsSubscriber(connection, RUN),
      held: () => held[i],
      take: ({ version }) => {
        held[i] = version;
        taken++;
      },
      log,
      signal: end.signal,
    }),
  );
  const allHold = async (version: number): Promise<void> => {
    while (held.some((each) => each < version)) await sleep(10);
  };
  await allHold(2);
  await sleep(500);
  const idle = await meter(clients, () => sleep(IDLE_SECONDS * 1000));
  const waiting = idle.redisSeconds / idle.seconds / followers;
  taken = 0;
  const busy = await meter(clients, async () => {
    for (let version = 3; version < 3 + VERSIONS; version++) {
      await publish(version, 1);
      await sleep(PUBLISH_MS);
    }
    await allHold(2 + VERSIONS);
  });
  end.abort();
  await Promise.all(following);
  for (const connection of [...connections, ...announcing]) connection.disconnect();
  await lease.release();
  await clear();
  return {
    waiting,
    version: Math.max(0, busy.redisSeconds - waiting * followers * busy.seconds) / taken,
    byte: read.redisSeconds / READS / (400_000 * Float32Array.BYTES_PER_ELEMENT),
  };
}
