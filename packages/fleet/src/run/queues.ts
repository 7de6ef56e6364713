import type { RedisClient } from '@qfleet/replay';
import { Queue, type QueueOptions } from 'bullmq';
import { fleetKeys } from '../keys.ts';

/** A BullMQ queue of the run, on the caller's connection. */
export function openQueue<Data>(
  redis: RedisClient,
  run: string,
  name: string,
  options: Omit<QueueOptions, 'connection' | 'prefix'> = {},
): Queue<Data> {
  const queue = new Queue<Data>(name, { ...options, connection: redis, prefix: fleetKeys(run).queues });
  // Whoever made the connection reports what happens to it; BullMQ would print it once for each queue.
  queue.on('error', () => undefined);
  return queue;
}
