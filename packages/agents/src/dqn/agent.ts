import type { DqnConfig } from '@qfleet/config';
import { checkParameters, initialParameters, parameterSpecs } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import type { Batch, Layout } from '@qfleet/replay';
import { loadTensor, type NamedTensors, type TensorFlow } from '@qfleet/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Agent, UpdateStats } from '../agent.ts';
import { counterFromTensor, counterToTensor } from '../counter.ts';
import { Packing } from './packing.ts';
import { ratesOf } from './rates.ts';
import { type DqnState, PARTS } from './step.ts';
import { dqnUpdates } from './updates.ts';

/** Name of the count of updates in the state: Adam's t, and what schedules go by. */
const UPDATES = 'updates';

/** What a DQN agent is made from. */
export interface DqnAgentOptions {
  config: DqnConfig;
  layout: Layout;
  seed: number;
  totalUpdates: number | null;
}

/** A DQN learner with fresh parameters on the runtime of this process. */
export async function createDqnAgent(given: DqnAgentOptions): Promise<Agent> {
  const { tf } = await loadTensor();
  return new DqnAgent(tf, given);
}

class DqnAgent implements Agent {
  readonly batchesPerUpdate: number;
  readonly #tf: TensorFlow;
  readonly #given: DqnAgentOptions;
  readonly #packing: Packing;
  /** Names and shapes of the state's tensors, in order. */
  readonly #specs: readonly { name: string; shape: readonly number[] }[];
  #state: DqnState;
  #updates = 0;

  constructor(tf: TensorFlow, given: DqnAgentOptions) {
    const { config, layout, seed } = given;
    this.batchesPerUpdate = config.updatesPerCall;
    this.#tf = tf;
    this.#given = given;
    this.#packing = new Packing(config, layout);
    const parameters = parameterSpecs(config.network, layout);
    this.#specs = PARTS.flatMap((part) =>
      parameters.map(({ name, shape }) => ({ name: `${part}/${name}`, shape })),
    );
    const start = initialParameters(config.network, layout, new Random(Random.seed(seed, 'parameters')));
    this.#state = this.#upload((name) => {
      const [, part, parameter] = /^(\w+)\/(.*)$/.exec(name)!;
      const { data } = start.get(parameter)!;
      return part === 'online' || part === 'target' ? data.slice() : new Float32Array(data.length);
    });
  }

  update(batches: readonly Batch[], tdErrors: Float32Array): UpdateStats {
    const tf = this.#tf;
    const { config, layout, seed, totalUpdates } = this.#given;
    const packing = this.#packing;
    packing.fill(batches, (k) => ratesOf(config, seed, totalUpdates, this.#updates + k));

    const out = tf.tidy(() => ({
      ...dqnUpdates(tf, config, layout, packing, this.#state, packing.tensors(tf)),
    }));
    tdErrors.set(out.tdErrors.dataSync());
    const measured = out.stats.dataSync();
    tf.dispose([this.#state, out.tdErrors, out.stats]);
    this.#state = out.state;
    this.#updates += batches.length;

    const stats = { loss: 0, meanQ: 0, gradientNorm: 0, meanAbsTdError: 0 };
    for (let k = 0; k < batches.length; k++) {
      stats.loss += measured[3 * k] / batches.length;
      stats.meanQ += measured[3 * k + 1] / batches.length;
      stats.gradientNorm += measured[3 * k + 2] / batches.length;
    }
    const rows = batches.length * config.batchSize;
    for (let i = 0; i < rows; i++) stats.meanAbsTdError += tdErrors[i] / rows;
    return stats;
  }

  parameters(): NamedTensors {
    const prefix = 'online/';
    return new Map(
      this.#specs
        .filter(({ name }) => name.startsWith(prefix))
        .map(({ name }) => [name.slice(prefix.length), copyOf(this.#state[name])]),
    );
  }

  state(): NamedTensors {
    return new Map([
      ...this.#specs.map(({ name }) => [name, copyOf(this.#state[name])] as const),
      [UPDATES, counterToTensor(this.#updates)],
    ]);
  }

  restore(state: NamedTensors): void {
    checkParameters([...this.#specs, { name: UPDATES, shape: [2] }], state);
    this.#tf.dispose(this.#state);
    this.#state = this.#upload((name) => state.get(name)!.data.slice());
    this.#updates = counterFromTensor(state.get(UPDATES)!);
  }

  dispose(): void {
    this.#tf.dispose(this.#state);
  }

  #upload(valuesOf: (name: string) => Float32Array): DqnState {
    return Object.fromEntries(
      this.#specs.map(({ name, shape }) => [name, this.#tf.tensor(valuesOf(name), [...shape])]),
    );
  }
}

function copyOf(tensor: Tensor): { shape: number[]; data: Float32Array } {
  return { shape: [...tensor.shape], data: (tensor.dataSync() as Float32Array).slice() };
}
