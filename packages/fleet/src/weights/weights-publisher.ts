import type { Weights, WeightsChannel } from '@qfleet/agents';
import type { RedisClient } from '@qfleet/replay';
import type { TensorEncoding } from '@qfleet/tensor';
import { FleetError } from '../errors.ts';
import { fleetKeys } from '../keys.ts';
import { asBuffer, extentOf, PART_BYTES, writeParts } from '../redis/parts.ts';
import type { LearnerLease } from '../run/learner-lease.ts';
import { publishScript, stageScript } from '../scripts/weights.lua.ts';
import { publishedVersion } from './published-version.ts';
import { encodeWeights, type WeightsDtype } from './weights-blob.ts';

/** Parts that no publication followed last so long. */
const STAGED_MS = 60_000;
/**
 * After a publication in parts the next one waits for so many times as long as it took: readers share Redis with it, so
 * they too had the time to read.
 */
const REST = 4;

/**
 * Where the learner publishes weights on Redis: one safetensors blob with its run, version and updates in its metadata and a
 * checksum, in parts where it is large. `version` stands beside it, so that asking for news costs a few bytes. The connection
 * should be for weights alone: what else it carried would wait for them.
 */
export class WeightsPublisher implements WeightsChannel {
  readonly #redis: RedisClient;
  readonly #run: string;
  readonly #lease: LearnerLease;
  readonly #dtype: WeightsDtype;
  #restsUntil = Number.NEGATIVE_INFINITY;

  /** @param dtype of the numbers that are published. */
  constructor(redis: RedisClient, run: string, lease: LearnerLease, dtype: WeightsDtype = 'float32') {
    this.#redis = redis;
    this.#run = run;
    this.#lease = lease;
    this.#dtype = dtype;
  }

  /** The version that is there now; 0: none. */
  version(): Promise<number> {
    return publishedVersion(this.#redis, this.#run);
  }

  mayPublish(): boolean {
    return performance.now() >= this.#restsUntil;
  }

  /**
   * @returns how many bytes were published.
   * @throws FleetError where another learner holds the lease (it is then told to be lost), and where the version does
   *   not rise.
   */
  async publish(weights: Weights): Promise<number> {
    const lease = this.#lease;
    const { version, updates } = weights;
    const encoding = encodeWeights(this.#run, weights, this.#dtype);
    const reply =
      encoding.bytes <= PART_BYTES
        ? await this.#call(publishScript, lease, version, [], [asBuffer(encoding.whole())])
        : await this.#publishInParts(lease, version, encoding);
    if (reply === 'ok') return encoding.bytes;
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
}
