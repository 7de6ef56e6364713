import type { RecordKind } from '@qfleet/metrics';
import type { RedisClient } from '@qfleet/replay';
import { messageOf } from '../errors.ts';
import { refuse } from './refusals.ts';

/*
 * Reads that fetch no more than they are told to, whatever lies under a key. What is longer, or of another of Redis's
 * types, is refused, and answered as if it were not there.
 */

/**
 * Strings of `most` bytes at most, one a key; null for one that is not there.
 * @param where names the key in the log.
 */
export async function readStrings(
  redis: RedisClient,
  kind: RecordKind,
  keys: readonly string[],
  most: number,
): Promise<(string | null)[]> {
  const texts = await Promise.all(
    // One byte more than allowed tells that there is more.
    keys.map((key) => unlessOtherType(kind, key, redis.getrange(key, 0, most))),
  );
  return texts.map((text, i) => {
    if (!text) return null;
    if (Buffer.byteLength(text) <= most) return text;
    refuse(kind, `${keys[i]} is longer than ${most} bytes`);
    return null;
  });
}

/**
 * Fields of a hash, each of `most` bytes at most; null for one that is not there, undefined for one that is refused, as
 * all are of a key of another type.
 */
export async function readFields<const N extends string>(
  redis: RedisClient,
  kind: RecordKind,
  key: string,
  names: readonly N[],
  most: number,
): Promise<Record<N, string | null | undefined>> {
  const lengths = await unlessOtherType(
    kind,
    key,
    Promise.all(names.map((name) => redis.hstrlen(key, name))),
  );
  const wanted = names.filter((_, i) => lengths !== null && lengths[i] <= most);
  for (const name of lengths === null ? [] : names.filter((name) => !wanted.includes(name))) {
    refuse(kind, `${name} of ${key} is longer than ${most} bytes`);
  }
  const values = wanted.length === 0 ? null : await unlessOtherType(kind, key, redis.hmget(key, ...wanted));
  return Object.fromEntries(names.map((name) => [name, values?.[wanted.indexOf(name)]])) as Record<
    N,
    string | null | undefined
  >;
}

/** What `read` gives; null where the key holds another of Redis's types. @throws what else `read` throws. */
export async function unlessOtherType<T>(kind: RecordKind, key: string, read: Promise<T>): Promise<T | null> {
  try {
    return await read;
  } catch (error) {
    if (!/\bWRONGTYPE\b/.test(messageOf(error))) throw error;
    refuse(kind, `${key} is not of the type that it must be`);
    return null;
  }
}
