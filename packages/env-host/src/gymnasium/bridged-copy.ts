import {
  allocateObservations,
  type Environment,
  type Frame,
  type ObservationArray,
  observationSize,
  type StepOutcome,
} from '@qfleet/envs';
import type { Random } from '@qfleet/random';
import { BridgedRows, type BridgedShape } from './bridged-rows.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** One copy of an environment that Python plays: the whole process waits for each of its steps. */
export class BridgedCopy implements Environment {
  readonly #rows: BridgedRows;
  readonly #worker: WorkerSlot;
  readonly #observation: ObservationArray;
  readonly #mask: Uint8Array | null;
  readonly #rewards = new Float64Array(1);
  readonly #terminated = new Uint8Array(1);
  readonly #truncated = new Uint8Array(1);
  readonly #actions = new Int32Array(1);
  #seed: number | undefined;
  readonly frame?: () => Frame;

  /**
   * @param worker shared with other copies, of which one is stepped at a time.
   * @param hasFrames whether the worker's environments were made to be rendered.
   */
  constructor(worker: WorkerSlot, shape: BridgedShape, random: Random, hasFrames: boolean) {
    const { observationSpace, format } = shape;
    this.#worker = worker;
    this.#rows = new BridgedRows([worker], shape);
    this.#rows.add(random);
    if (hasFrames) this.frame = () => this.#rows.frame(0);
    this.#observation = allocateObservations(observationSpace);
    this.#mask = format.actions === 0 ? null : new Uint8Array(format.actions);
    this.#rows.bind({
      observations: this.#observation,
      stride: observationSize(observationSpace),
      rewards: this.#rewards,
      terminated: this.#terminated,
      truncated: this.#truncated,
      masks: this.#mask,
    });
  }

  /** The next reset begins with this seed, as `reset(seed=…)` of Gymnasium does. */
  seed(seed: number): void {
    this.#seed = seed;
  }

  reset(observation: ObservationArray): void {
    const seed = this.#seed;
    this.#seed = undefined;
    this.#rows.reset(0, seed);
    observation.set(this.#observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    this.#actions[0] = action;
    this.#rows.stepNow(this.#actions);
    const { failures, infos } = this.#rows;
    if (failures.has(0)) throw failures.get(0);
    observation.set(this.#observation);
    outcome.reward = this.#rewards[0];
    outcome.terminated = this.#terminated[0] === 1;
    outcome.truncated = this.#truncated[0] === 1;
    outcome.info = infos?.[0] ?? null;
  }

  mask(mask: Uint8Array): void {
    if (this.#mask !== null) mask.set(this.#mask);
  }

  close(): void {
    if (this.#rows.rows === 0) return;
    this.#rows.remove(0);
    if (this.#worker.rows === 0) this.#worker.close();
  }
}
