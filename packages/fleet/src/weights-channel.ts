import { crc32 } from 'node:zlib';
import type { Weights, WeightsChannel } from '@qfleet/agents';
import type { RedisClient } from '@qfleet/replay';
import { decodeTensors, encodeTensors } from '@qfleet/tensor';
import { FleetError, messageOf } from './errors.ts';
import { fleetKeys } from './keys.ts';
import type { LearnerLease } from './learner-lease.ts';

// KEYS: weights, fence. ARGV: token, version, blob. Announced on the channel of the key's name. Returns 'ok', 'fenced', or the version that is there.
// A publication that comes again, for its reply was lost, is found there: the same version, of the same token.
const PUBLISH = `
local fence = redis.call('GET', KEYS[2])
if fence and tonumber(fence) > tonumber(ARGV[1]) then return 'fenced' end
-- Redis lost it, or its last moments.
if fence ~= ARGV[1] then redis.call('SET', KEYS[2], ARGV[1]) end
local there = redis.call('HGET', KEYS[1], 'version')
if there == ARGV[2] and redis.call('HGET', KEYS[1], 'token') == ARGV[1] then return 'ok' end
if there and tonumber(there) >= tonumber(ARGV[2]) then return there end
redis.call('PUBLISH', KEYS[1], ARGV[2])
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'blob', ARGV[3], 'token', ARGV[1])
return 'ok'`;

/** A refused blob is looked at again after so long: a whole one may have taken its place. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Weights on Redis: one safetensors blob with its run, version and updates in its metadata and a checksum, written
 * and read whole. `version` stands beside it, so that asking for news costs a few bytes.
 */
export class RedisWeightsChannel implements WeightsChannel {
  readonly #redis: RedisClient;
  readonly #run: string;
  readonly #lease: LearnerLease | null;
  /** Of the blob read last. */
  #checksum = 0;
  #refusal: { readonly version: number; readonly checksum: number; lookAgainAt: number } | null = null;
  #refused = 0;
  #lastRefusal: string | null = null;
  #newest = 0;
  /** Heard of since it last looked; 0: none. */
  #announced = 0;

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

  /** Of an announcement: then `newerThan` need not ask. */
  hear(version: number): void {
    this.#announced = version;
    this.#newest = version;
  }

  /** One sentence on the newest refusal. */
  get lastRefusal(): string | null {
    return this.#lastRefusal;
  }

  /**
   * @throws FleetError where another learner holds the lease (it is then told to be lost), and where the version does
   *   not rise.
   */
  async publish(weights: Weights): Promise<void> {
    const lease = this.#lease;
    if (!lease) throw new FleetError('Weights are published by the learner that holds the lease only.');
    const { version, updates } = weights;
    const blob = asBuffer(encodeWeights(this.#run, weights));
    const keys = fleetKeys(this.#run);
    const reply = await this.#redis.eval(PUBLISH, 2, keys.weights, keys.fence, lease.token, version, blob);
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

  /** The version that is there now; 0: none. Also of a blob that would be refused. */
  async version(): Promise<number> {
    return Number((await this.#redis.hget(fleetKeys(this.#run).weights, 'version')) ?? 0);
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
    const [number, blob] = await this.#redis.hmgetBuffer(fleetKeys(this.#run).weights, 'version', 'blob');
    const there = Number(number ?? 0);
    this.#newest = there;
    if (there <= version) return null;
    this.#checksum = crc32(blob ?? '');
    if (refusal?.checksum === this.#checksum) {
      refusal.lookAgainAt = performance.now() + LOOK_AGAIN_MS;
      return null;
    }
    try {
      const weights = decodeWeights(this.#run, blob ?? new Uint8Array());
      if (weights.version !== there) {
        throw new FleetError(`it says version ${weights.version} inside and ${there} outside`);
      }
      return weights;
    } catch (error) {
      this.refuse(there, messageOf(error));
      return null;
    }
  }

  /**
   * Counts these weights as refused, once, unless others take their place under the same version; for who found them
   * unfit (names, shapes).
   */
  refuse(version: number, why: string): void {
    this.#refused++;
    this.#refusal = { version, checksum: this.#checksum, lookAgainAt: performance.now() + LOOK_AGAIN_MS };
    this.#lastRefusal = `Weights version ${version} of run ${this.#run} are refused: ${why}.`;
  }
}

/** The same bytes, as ioredis wants them. */
export const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Safetensors bytes of these weights, labelled. */
export function encodeWeights(run: string, weights: Weights): Uint8Array {
  return encodeTensors(weights.tensors, {
    run,
    version: String(weights.version),
    updates: String(weights.updates),
  });
}

/** @throws Error for bytes that are not whole, and FleetError for weights of another run. */
export function decodeWeights(run: string, blob: Uint8Array): Weights {
  const { tensors, metadata } = decodeTensors(blob);
  if (metadata['run'] !== run) throw new FleetError(`they belong to run ${String(metadata['run'])}`);
  const [version, updates] = [Number(metadata['version']), Number(metadata['updates'])];
  if (!(Number.isSafeInteger(version) && version > 0 && Number.isSafeInteger(updates) && updates >= 0)) {
    throw new FleetError(`version ${metadata['version']} and updates ${metadata['updates']} are no counts`);
  }
  return { version, updates, tensors };
}
