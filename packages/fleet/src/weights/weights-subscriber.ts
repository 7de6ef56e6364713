import { crc32 } from 'node:zlib';
import type { Weights } from '@qfleet/agents';
import type { RedisClient } from '@qfleet/replay';
import { ReplyError } from 'ioredis';
import { FleetError, isClosed, messageOf } from '../errors.ts';
import { fleetKeys } from '../keys.ts';
import { readExtent, readParts } from '../redis/parts.ts';
import { publishedVersion } from './published-version.ts';
import { decodeWeights } from './weights-blob.ts';

/** A refused blob is looked at again after so long: a whole one may have taken its place. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Where an actor reads what `WeightsPublisher` published. The connection should be for weights alone: what else it carried
 * would wait for them.
 */
export class WeightsSubscriber {
  readonly #redis: RedisClient;
  readonly #run: string;
  /** What tells the blob that was read last from another one of the same version. */
  #mark = '';
  #refusal: { readonly version: number; readonly mark: string; lookAgainAt: number } | null = null;
  #refused = 0;
  #lastRefusal: string | null = null;
  #newest = 0;
  /** Heard of since it last looked; 0: none. */
  #announced = 0;

  constructor(redis: RedisClient, run: string) {
    this.#redis = redis;
    this.#run = run;
  }

  /** Blobs that were not what they should be. */
  get refused(): number {
    return this.#refused;
  }

  /** The version that it last heard of, by asking or by an announcement, taken up or not; 0: none. */
  get newest(): number {
    return this.#newest;
  }

  /** Notes an announced version, so that `newerThan` need not ask. */
  hear(version: number): void {
    this.#announced = version;
    this.#newest = version;
  }

  /** One sentence on the newest refusal. */
  get lastRefusal(): string | null {
    return this.#lastRefusal;
  }

  /**
   * The newest weights, or null where there are none newer than `version`. A blob that is torn, corrupt, of another run
   * or not newer inside is counted, and answered with null: the caller keeps what it has.
   */
  async newerThan(version: number): Promise<Weights | null> {
    const announced = this.#announced;
    this.#announced = 0;
    if (announced <= version) {
      this.#newest = await publishedVersion(this.#redis, this.#run);
      if (this.#newest <= version) return null;
    }
    const refusal = this.#refusal?.version === this.#newest ? this.#refusal : null;
    if (refusal && performance.now() < refusal.lookAgainAt) return null;
    const [number, blob, ...large] = await this.#redis.hmgetBuffer(
      fleetKeys(this.#run).weights,
      'version',
      'blob',
      'key',
      'bytes',
      'parts',
    );
    const there = Number(number ?? 0);
    this.#newest = there;
    if (there <= version) return null;
    const [key, bytes, parts] = large.map(String);
    this.#mark = blob === null && large[0] ? key : String(crc32(blob ?? ''));
    if (refusal?.mark === this.#mark) {
      refusal.lookAgainAt = performance.now() + LOOK_AGAIN_MS;
      return null;
    }
    try {
      const whole = blob ?? (await this.#readParts(key, bytes, parts, there));
      if (whole === null) return null;
      const weights = decodeWeights(this.#run, whole);
      if (weights.version !== there) {
        throw new FleetError(`it says version ${weights.version} inside and ${there} outside`);
      }
      return weights;
    } catch (error) {
      // What ails Redis says nothing of the weights.
      if (isClosed(error) || error instanceof ReplyError) throw error;
      this.refuse(there, messageOf(error));
      return null;
    }
  }

  /** Null where newer ones have taken their place meanwhile: the caller asks again. */
  async #readParts(key: string, bytes: string, parts: string, there: number): Promise<Uint8Array | null> {
    const extent = readExtent(bytes, parts);
    if (extent === null) throw new FleetError('there are none');
    const whole = await readParts(this.#redis, key, extent);
    if (whole !== null) return whole;
    this.#newest = await publishedVersion(this.#redis, this.#run);
    if (this.#newest !== there) return null;
    throw new FleetError('some of their parts are missing');
  }

  /**
   * Counts these weights as refused, once, unless others take their place under the same version. For a caller that found
   * their names or shapes unfit.
   */
  refuse(version: number, why: string): void {
    this.#refused++;
    this.#refusal = { version, mark: this.#mark, lookAgainAt: performance.now() + LOOK_AGAIN_MS };
    this.#lastRefusal = `Weights version ${version} of run ${this.#run} are refused: ${why}.`;
  }
}
