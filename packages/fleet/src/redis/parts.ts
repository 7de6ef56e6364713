import type { RedisClient } from '@qfleet/replay';
import { FleetError } from '../errors.ts';

/*
 * What is larger than a part lies in Redis as a hash of parts, by number from 0. No command and no reply is longer than
 * a part: others are served between two of them, a reader takes as much of Redis's memory, and a slow network has
 * the connection's time-out for each.
 */
export const PART_BYTES = 2 * 1024 * 1024;

/** How much lies in parts. */
export interface Extent {
  readonly bytes: number;
  readonly parts: number;
}

/** What a reader makes room for at most. */
const MOST_BYTES = 8 * 1024 ** 3;

export const extentOf = (bytes: number): Extent => ({ bytes, parts: Math.ceil(bytes / PART_BYTES) });

/** The extent that a record states; null where `writeParts` cannot have written it. */
export function readExtent(bytes: unknown, parts: unknown): Extent | null {
  const extent = { bytes: Number(bytes), parts: Number(parts) };
  const isExtent =
    Number.isSafeInteger(extent.bytes) &&
    Number.isSafeInteger(extent.parts) &&
    extent.parts > 0 &&
    extent.parts <= extent.bytes &&
    extent.bytes <= MOST_BYTES;
  return isExtent ? extent : null;
}

/** Writes one part after the other. They expire `milliseconds` after the last was written. */
export async function writeParts(
  redis: RedisClient,
  key: string,
  parts: AsyncIterable<Uint8Array>,
  milliseconds: number,
): Promise<void> {
  let number = 0;
  for await (const part of parts) {
    const results = await redis.multi().hset(key, number++, asBuffer(part)).pexpire(key, milliseconds).exec();
    for (const [error] of results ?? []) if (error) throw error;
  }
}

/**
 * The parts as one array; null where one is not there (any more).
 * @throws FleetError where they are not as long as they are said to be.
 */
export async function readParts(
  redis: RedisClient,
  key: string,
  { bytes, parts }: Extent,
): Promise<Uint8Array | null> {
  const whole = Buffer.allocUnsafe(bytes);
  let filled = 0;
  for (let number = 0; number < parts; number++) {
    const part = await redis.hgetBuffer(key, String(number));
    if (part === null) return null;
    if (filled + part.length > bytes) break;
    part.copy(whole, filled);
    filled += part.length;
    if (number === parts - 1 && filled === bytes) return whole;
  }
  throw new FleetError(`their ${parts} parts do not have ${bytes} bytes`);
}

/** The same bytes, as ioredis wants them. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
