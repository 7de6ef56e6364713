import { crc32 } from 'node:zlib';
import type { Weights, WeightsChannel } from '@qfleet/agents';
import type { RedisClient } from '@qfleet/replay';
import type { TensorEncoding } from '@qfleet/tensor';
import { ReplyError } from 'ioredis';
import { FleetError, isClosed, messageOf } from '../errors.ts';
import { fleetKeys } from '../keys.ts';
import { numberWithin } from '../records/admit.ts';
import { asBuffer, extentOf, PART_BYTES, readExtent, readParts, writeParts } from '../redis/parts.ts';
import type { LearnerLease } from '../run/learner-lease.ts';
import { publishScript, stageScript } from '../scripts/weights.lua.ts';
import { decodeWeights, encodeWeights } from './weights-blob.ts';

/** A refused blob is looked at again after so long: a whole one may have taken its place. */
const LOOK_AGAIN_MS = 1_000;
/** Parts that no publication followed last so long. */
const STAGED_MS = 60_000;
/**
 * After a publication in parts the next one waits for so many times as long as it took: readers share Redis with it, so
 * they too had the time to read.
 */
const REST = 4;

/**
 * Weights on Redis: one safetensors blob with its run, version and updates in its metadata and a checksum, in parts where
 * it is large. `version` stands beside it, so that asking for news costs a few bytes. The connection should be for weights
 * alone: what else it carried would wait for them.
 */
export class RedisWeightsChannel implements WeightsChannel {
  readonly #redis: RedisClient;
  readonly #run: string;
  readonly #lease: LearnerLease | null;
  /** What tells the blob that was read last from another one of the same version. */
  #mark = '';
  #refusal: { readonly version: number; readonly mark: string; lookAgainAt: number } | null = null;
  #refused = 0;
  #lastRefusal: string | null = null;
  #newest = 0;
  /** Heard of since it last looked; 0: none. */
  #announced = 0;
  #restsUntil = Number.NEGATIVE_INFINITY;

  /** @param lease needed to publish. */
  constructor(redis: RedisClient, run: string, lease: LearnerLease | null = null) {
    this.#redis = redis;
    this.#run = run;
    this.#lease = lease;
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

  mayPublish(): boolean {
    return performance.now() >= this.#restsUntil;
  }

  /**
   * @throws FleetError where another learner holds the lease (it is then told to be lost), and where the version does
   *   not rise.
   */
  async publish(weights: Weights): Promise<void> {
    const lease = this.#lease;
    if (!lease) throw new FleetError('Weights are published by the learner that holds the lease only.');
    const { version, updates } = weights;
    const encoding = encodeWeights(this.#run, weights);
    const reply =
      encoding.bytes <= PART_BYTES
        ? await this.#call(publishScript, lease, version, [], [asBuffer(encoding.whole())])
        : await this.#publishInParts(lease, version, encoding);
    if (reply === 'ok') return;
    if (reply === 'fenced') {
      lease.lose();
      throw new FleetError(
        `Weights version ${version} of run ${this.#run} were refused: another learner took over.`,
      );
    }
    throw new FleetError(
      `Weights version ${version} (update ${updates}) of run ${this.#run} were refused: version ${reply} is there already.`,
    );
  }

  async #publishInParts(lease: LearnerLease, version: number, encoding: TensorEncoding): Promise<string> {
    const began = performance.now();
    const key = fleetKeys(this.#run).weightsParts(lease.token, version);
    const { bytes, parts } = extentOf(encoding.bytes);
    for (;;) {
      let reply = await this.#call(stageScript, lease, version, [key], []);
      if (reply === 'stage') {
        await writeParts(this.#redis, key, encoding.parts(PART_BYTES), STAGED_MS);
        reply = await this.#call(publishScript, lease, version, [key], [bytes, parts]);
      }
      const now = performance.now();
      this.#restsUntil = now + REST * (now - began);
      // Redis lost some parts meanwhile, or they expired while this process stood still.
      if (reply !== 'incomplete') return reply;
    }
  }

  async #call(
    script: string,
    { token }: LearnerLease,
    version: number,
    more: readonly string[],
    values: readonly (number | Buffer)[],
  ): Promise<string> {
    const keys = fleetKeys(this.#run);
    const count = 2 + more.length;
    return (await this.#redis.eval(
      script,
      count,
      keys.weights,
      keys.fence,
      ...more,
      token,
      version,
      ...values,
    )) as string;
  }

  /** The version that is there now; 0: none. Also of a blob that would be refused. */
  async version(): Promise<number> {
    const text = await this.#redis.hget(fleetKeys(this.#run).weights, 'version');
    return numberWithin(text ?? '0', 0, Number.MAX_SAFE_INTEGER) ?? 0;
  }

  /**
   * The newest weights, or null where there are none newer than `version`. A blob that is torn, corrupt, of another run
   * or not newer inside is counted, and answered with null: the caller keeps what it has.
   */
  async newerThan(version: number): Promise<Weights | null> {
    const announced = this.#announced;
    this.#announced = 0;
    if (announced <= version) {
      this.#newest = await this.version();
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
    this.#newest = await this.version();
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
