import type { DqnConfig } from '@qfleet/config';
import {
  checkParameters,
  initialParameters,
  Packing,
  parameterSpecs,
  type Signature,
} from '@qfleet/networks';
import { Random } from '@qfleet/random';
import type { Batch } from '@qfleet/replay';
import {
  adamSlotNames,
  adamSlots,
  type Compiled,
  compile,
  loadTensor,
  type NamedTensors,
  type Runtime,
} from '@qfleet/tensor';
import type { Agent, UpdateFault, UpdateStats } from '../agent.ts';
import { counterFromTensor, counterToTensor } from '../counter.ts';
import { meanLoss } from './loss.ts';
import { parallelismOf } from './parallelism.ts';
import { ratesOf } from './rates.ts';
import { dqnStep, ONLINE, stepInputs, TARGET } from './step.ts';

/** Name of the count of updates in the state, by which schedules go. */
const UPDATES = 'updates';

/** What the state holds of every parameter: itself, the target network's, and Adam's moments. */
const COPIES = [ONLINE, TARGET, ...adamSlotNames(ONLINE)];

/** What a DQN agent is made from. */
export interface DqnAgentOptions {
  config: DqnConfig;
  /** Of the observations; with `frames` where they are stacked. */
  layout: Signature;
  seed: number;
  totalUpdates: number | null;
}

/** A DQN learner with fresh parameters on the runtime of this process. */
export async function createDqnAgent(given: DqnAgentOptions): Promise<Agent> {
  const parallelism = parallelismOf(given.config, given.layout);
  return new DqnAgent(await loadTensor({ parallelism }), given);
}

/** The DQN family's learner: its updates run as one native call where the runtime has that. */
export class DqnAgent implements Agent {
  readonly batchesPerUpdate: number;
  readonly #given: DqnAgentOptions;
  readonly #step: Compiled;
  readonly #packing: Packing;
  /** Names and shapes of all that `state` gives. */
  readonly #specs: readonly { name: string; shape: readonly number[] }[];
  #updates = 0;

  /** @param eager run op by op even where the step could be compiled: for comparisons. */
  constructor(runtime: Runtime, given: DqnAgentOptions, eager = false) {
    const { config, layout, seed } = given;
    this.batchesPerUpdate = config.updatesPerCall;
    this.#given = given;
    const parameters = parameterSpecs(config.network, layout);
    this.#packing = new Packing(parameters);
    this.#specs = COPIES.flatMap((copy) =>
      parameters.map(({ name, shape }) => ({ name: `${copy}/${name}`, shape })),
    );
    const context = { tf: runtime.tf, config, signature: layout, packing: this.#packing };
    this.#step = compile(runtime, (state, inputs) => dqnStep(context, state, inputs), {
      state: startState(this.#packing, config, layout, seed),
      inputs: stepInputs(layout, config.batchSize),
      unroll: config.updatesPerCall,
      eager,
    });
  }

  update(batches: readonly Batch[], tdErrors: Float32Array): UpdateStats {
    const { config, seed, totalUpdates } = this.#given;
    const count = this.batchesPerUpdate;
    if (batches.length !== count) {
      throw new RangeError(`An update call takes ${count} batches, not ${batches.length}.`);
    }
    const inputs = batches.map(
      ({ observations, nextObservations, actions, returns, discounts, weights }, k) => ({
        observations,
        nextObservations,
        actions,
        returns,
        discounts,
        weights,
        ...ratesOf(config, seed, totalUpdates, this.#updates + k),
      }),
    );
    const { errors, taken, gradientNorm } = this.#step.run(...inputs);
    this.#updates += count;
    for (let i = 0; i < errors.length; i++) tdErrors[i] = Math.abs(errors[i]);
    return {
      loss: meanLoss(config.loss, errors, batches),
      meanAbsTdError: mean(tdErrors.subarray(0, errors.length)),
      meanQ: mean(taken),
      gradientNorm: mean(gradientNorm),
      fault: faultOf(config, batches, errors, gradientNorm),
    };
  }

  parameters(): NamedTensors {
    const state = this.#step.state(this.#packing.names.map((name) => `${ONLINE}/${name}`));
    return this.#packing.unpack(without(`${ONLINE}/`, state));
  }

  state(): NamedTensors {
    const state = this.#step.state();
    return new Map([
      ...COPIES.flatMap((copy) => [...under(`${copy}/`, this.#packing.unpack(without(`${copy}/`, state)))]),
      [UPDATES, counterToTensor(this.#updates)],
    ]);
  }

  restore(state: NamedTensors): void {
    checkParameters([...this.#specs, { name: UPDATES, shape: [2] }], state);
    this.#step.setState(
      new Map(
        COPIES.flatMap((copy) => [...under(`${copy}/`, this.#packing.pack(without(`${copy}/`, state)))]),
      ),
    );
    this.#updates = counterFromTensor(state.get(UPDATES)!);
  }

  dispose(): void {
    this.#step.dispose();
  }
}

/** The first of the batches with a TD error or a gradient norm that is not finite; null: none. */
function faultOf(
  { loss, batchSize }: DqnConfig,
  batches: readonly Batch[],
  errors: Float32Array | Int32Array,
  gradientNorms: ArrayLike<number>,
): UpdateFault | null {
  for (let batch = 0; batch < batches.length; batch++) {
    const gradientNorm = gradientNorms[batch];
    let sum = gradientNorm;
    for (let i = batch * batchSize; i < (batch + 1) * batchSize; i++) sum += errors[i];
    if (Number.isFinite(sum)) continue;
    const own = errors.subarray(batch * batchSize, (batch + 1) * batchSize);
    return { batch, loss: meanLoss(loss, own, [batches[batch]]), gradientNorm };
  }
  return null;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Tensors with a prefix before their names. */
function under(prefix: string, tensors: NamedTensors): NamedTensors {
  return new Map([...tensors].map(([name, tensor]) => [`${prefix}${name}`, tensor]));
}

/** The tensors whose names have the prefix, without it. */
function without(prefix: string, tensors: NamedTensors): NamedTensors {
  return new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
}

/** The compiled step's state at its beginning. */
function startState(packing: Packing, config: DqnConfig, layout: Signature, seed: number): NamedTensors {
  const start = packing.pack(
    initialParameters(config.network, layout, new Random(Random.seed(seed, 'parameters'))),
  );
  const online = under(`${ONLINE}/`, start);
  return new Map([...online, ...under(`${TARGET}/`, start), ...adamSlots(online)]);
}
