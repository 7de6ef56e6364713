import type { Weights } from '@qfleet/agents';
import type { CheckpointEntry, CurvePoint, Standing } from '@qfleet/browser';
import type { RunConfig } from '@qfleet/config';
import { FleetReader, WeightsSubscriber } from '@qfleet/fleet';
import { encodeTensors } from '@qfleet/tensor';
import { CommandError } from '../errors.ts';
import type { Redis } from '../fleet-redis.ts';
import { type Feed, thinned } from './feed.ts';

/** What published weights are called. */
const NAME = /^version-\d+$/;

/** What a fleet tells on Redis: the weights that its actors play with, and its returns from now on. */
export class FleetFeed implements Feed {
  readonly #redis: Redis;
  readonly #run: string;
  readonly #reader: FleetReader;
  readonly #subscriber: WeightsSubscriber;
  #weights: Weights | null = null;
  #curve: CurvePoint[] = [];
  #lastEvaluation: number | null = null;

  constructor(redis: Redis, run: string, { replay }: RunConfig) {
    this.#redis = redis;
    this.#run = run;
    this.#reader = new FleetReader(redis, run, replay.shards);
    this.#subscriber = new WeightsSubscriber(redis, run);
  }

  async read(): Promise<Standing> {
    const state = await this.#reader.read();
    if (state === null) throw new CommandError(`There is no run ${this.#run} on this Redis any more.`);
    const newer = await this.#subscriber.newerThan(this.#weights?.version ?? 0);
    if (newer !== null) this.#weights = newer;
    const { returns, totals, phase, learners } = state;
    const evaluation =
      returns.lastEvaluationMean === this.#lastEvaluation ? null : returns.lastEvaluationMean;
    this.#lastEvaluation = returns.lastEvaluationMean;
    const steps = totals.environmentSteps;
    const updates = Math.max(this.#weights?.updates ?? 0, ...learners.map((each) => each.updates));
    const last = this.#curve.at(-1);
    if (evaluation !== null || steps !== last?.steps || updates !== last.updates) {
      this.#curve.push({ steps, updates, meanReturn: returns.lastMean, evaluation });
      this.#curve = thinned(this.#curve);
    }
    return {
      phase: phase === 'starting' || phase === 'running' ? 'training' : 'ended',
      ...{ updates, steps },
      checkpoints: this.#entries(),
      curve: this.#curve,
    };
  }

  async weights(name: string): Promise<Uint8Array | null> {
    const [entry] = this.#entries();
    if (!NAME.test(name)) throw new CommandError(`There are no weights ${name}: choose the newest.`);
    if (this.#weights === null || entry?.name !== name) return null;
    return encodeTensors(this.#weights.tensors);
  }

  async close(): Promise<void> {
    await this.#reader.close();
    this.#redis.disconnect();
  }

  #entries(): CheckpointEntry[] {
    if (this.#weights === null) return [];
    const { version, updates } = this.#weights;
    return [
      { name: `version-${version}`, label: `published at ${updates.toLocaleString('en')} updates`, updates },
    ];
  }
}
