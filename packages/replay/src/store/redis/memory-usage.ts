import { REPLAY_KEYS, type RedisClient } from './scripts.ts';

/** Chunks that are asked for, evenly spread over all: chunks of one layout differ little. */
const SAMPLE = 1000;
/** Redis's table of keys: a pointer a bucket, and at most two buckets a key. */
const BYTES_A_KEY = 12;

/** Bytes that a replay on one Redis takes there, keys and all, as Redis's own MEMORY USAGE says. */
export async function replayMemory(redis: RedisClient, prefix: string): Promise<number> {
  const [oldest, newest] = (await redis.hmget(`${prefix}meta`, 'oldest', 'newest')).map(Number);
  const count = newest - oldest + 1;
  const sampled = Math.min(count, SAMPLE);
  const ids = Array.from({ length: sampled }, (_, i) => oldest + Math.floor((i * count) / sampled));
  const ofChunks = await usage(
    redis,
    ids.map((id) => `${prefix}chunk:${id}`),
  );
  const others = REPLAY_KEYS.map((name) => prefix + name);
  const chunks = sampled > 0 ? (ofChunks / sampled + BYTES_A_KEY) * count : 0;
  return Math.round(chunks + (await usage(redis, others)));
}

async function usage(redis: RedisClient, keys: readonly string[]): Promise<number> {
  const replies = await Promise.all(keys.map((key) => redis.memory('USAGE', key, 'SAMPLES', 0)));
  return replies.reduce<number>((sum, bytes) => sum + Number(bytes ?? 0), 0);
}
