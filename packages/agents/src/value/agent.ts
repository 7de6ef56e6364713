import type { DqnConfig } from '@qfleet/config';
import { createNetwork, initialParameters, type Network, type Packing } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import { type Batch, MASK, type SequenceBatch, type StepUnit, type TransitionBatch } from '@qfleet/replay';
import type { StateSpec } from '@qfleet/spaces';
import {
  type Compiled,
  compile,
  type Inputs,
  loadTensor,
  type NamedTensors,
  type Optimizer,
  type Outputs,
  type Runtime,
} from '@qfleet/tensor';
import type { Agent, UpdateFault, UpdateStats } from '../agent.ts';
import { createObjective } from '../objectives/create-objective.ts';
import type { Objective, Reading } from '../objectives/objective.ts';
import { LearnedState, stateBefore } from './learned-state.ts';
import { NOISE, noiseSeeds } from './noise.ts';
import { createOptimizer } from './optimizer.ts';
import { parallelismOf } from './parallelism.ts';
import { ratesOf, seedOf } from './rates.ts';
import { mixPriorities, sequenceValues } from './sequence-inputs.ts';
import { ONLINE, SEED, stepInputs, TARGET, updateStep } from './step.ts';

/** What the state holds of every parameter beside the optimizer's slots. */
const PARTS = [ONLINE, TARGET];

/** What a value agent is made from. */
export interface ValueAgentOptions {
  readonly config: DqnConfig;
  readonly spec: StateSpec;
  readonly seed: number;
  /** The run's planned updates; null: none are planned. */
  readonly totalUpdates: number | null;
  /** Whether its updates have the same bits on any number of cores, of which it uses two at most. */
  readonly isRepeatable?: boolean;
  /** Whether updates run op by op where they could be one native call, for comparisons. */
  readonly eager?: boolean;
  /** The configuration's where it is absent. */
  readonly objective?: Objective;
}

/** A learner with fresh parameters on the runtime of this process. */
export async function createValueAgent(given: ValueAgentOptions): Promise<Agent> {
  const objective = given.objective ?? createObjective(given.config);
  const network = createNetwork(given.config.network, given.spec, objective.head);
  const parallelism = parallelismOf(network, statesOf(given.config), given.isRepeatable);
  return new ValueAgent(await loadTensor({ parallelism }), given);
}

/** The DQN family's learner: its updates run as one native call where the runtime has that. */
export class ValueAgent implements Agent {
  readonly batchesPerUpdate: number;
  readonly unit: StepUnit;
  readonly #given: ValueAgentOptions;
  readonly #network: Network;
  readonly #reads: readonly Reading[];
  readonly #isNoisy: boolean;
  readonly #step: Compiled;
  readonly #learned: LearnedState;
  readonly #optimizer: Optimizer;
  #updates = 0;

  constructor(runtime: Runtime, given: ValueAgentOptions) {
    const { config, spec, seed, eager = false } = given;
    const objective = given.objective ?? createObjective(config);
    const network = createNetwork(config.network, spec, objective.head);
    const optimizerOf = (packing: Packing) => createOptimizer(config, packing);
    const learned = new LearnedState(network, optimizerOf, PARTS);
    const { packing, optimizer } = learned;
    this.batchesPerUpdate = config.updatesPerCall;
    this.unit = objective.unit;
    this.#given = given;
    this.#network = network;
    this.#reads = objective.reads;
    this.#isNoisy = network.disturbed !== undefined;
    this.#learned = learned;
    this.#optimizer = optimizer;
    const { tf } = runtime;
    const parts = {
      ...{ tf, network, packing, objective, optimizer },
      ...{ largestNorm: config.gradientClip, nSteps: config.nSteps },
    };
    this.#step = compile(runtime, (state, inputs) => updateStep(parts, state, inputs), {
      state: learned.start(
        initialParameters(network.parameters, new Random(Random.seed(seed, 'parameters'))),
      ),
      inputs: stepInputs(network, config.batchSize, this.#rates(0), objective),
      unroll: config.updatesPerCall,
      eager,
    });
  }

  update(batches: readonly Batch[], priorities: Float32Array): UpdateStats {
    const count = this.batchesPerUpdate;
    if (batches.length !== count) {
      throw new RangeError(`An update call takes ${count} batches, not ${batches.length}.`);
    }
    const inputs = batches.map((batch, k) => ({
      ...this.#valuesOf(batch),
      ...(this.#reads.includes('random') ? { [SEED]: seedOf(this.#given.seed, this.#updates + k) } : {}),
      ...(this.#isNoisy ? { [NOISE]: noiseSeeds(this.#given.seed, this.#updates + k) } : {}),
      ...this.#rates(this.#updates + k),
    }));
    const { priorities: given, ...scalars } = this.#step.run(...inputs);
    this.#updates += count;
    const meanAbsTdError = this.#prioritize(batches, given as Float32Array, priorities);
    const numbers = Object.fromEntries(Object.entries(scalars).map(([name, each]) => [name, mean(each)]));
    return { numbers: { ...numbers, meanAbsTdError }, fault: faultOf(count, given, scalars) };
  }

  #valuesOf(batch: Batch): Inputs {
    if (this.unit.kind === 'sequence') return sequenceValues(this.#network, batch as SequenceBatch);
    const { observations, nextObservations, actions, returns, discounts, weights, columns, nextColumns } =
      batch as TransitionBatch;
    return {
      ...{ observations, nextObservations, actions, returns, discounts, weights },
      ...(MASK in nextColumns ? { nextMasks: nextColumns[MASK] as Uint8Array } : {}),
      ...(MASK in columns && this.#reads.includes('masks') ? { masks: columns[MASK] as Uint8Array } : {}),
    };
  }

  /** Writes each row's priority from those that the objective gives. @returns their mean. */
  #prioritize(batches: readonly Batch[], given: Float32Array, priorities: Float32Array): number {
    const { unit } = this;
    if (unit.kind === 'transition') {
      priorities.set(given);
      return mean(given);
    }
    const steps = given.length / batches.length;
    const means = batches.map((batch, k) => {
      const part = priorities.subarray(k * batch.size, (k + 1) * batch.size);
      const errors = given.subarray(k * steps, (k + 1) * steps);
      return mixPriorities(unit, batch as SequenceBatch, errors, part);
    });
    return mean(means);
  }

  parameters(): NamedTensors {
    const { target } = this.#given.config;
    return this.#learned.parameters(this.#step, target.kind === 'soft' && target.publish ? TARGET : ONLINE);
  }

  state(): NamedTensors {
    return this.#learned.read(this.#step, this.#updates);
  }

  restore(state: NamedTensors): void {
    this.#updates = this.#learned.restore(this.#step, state);
  }

  dispose(): void {
    this.#step.dispose();
  }

  #rates(updates: number) {
    const { config, seed, totalUpdates } = this.#given;
    return ratesOf(config, this.#optimizer, seed, totalUpdates, updates);
  }
}

/** States of a batch that go through the network together. */
const statesOf = ({ batchSize, sequence }: DqnConfig): number =>
  batchSize * (sequence === null ? 1 : sequence.burnIn + sequence.length + 1);

/** The first of `count` updates with a priority, a loss or a gradient norm that is not finite; null: none. */
function faultOf(count: number, priorities: Outputs[string], scalars: Outputs): UpdateFault | null {
  const rows = priorities.length / count;
  for (let batch = 0; batch < count; batch++) {
    const loss = scalars['loss'][batch];
    const gradientNorm = scalars['gradientNorm'][batch];
    let sum = gradientNorm;
    for (let row = batch * rows; row < (batch + 1) * rows; row++) sum += priorities[row];
    if (!Number.isFinite(sum)) return { batch, loss, gradientNorm };
  }
  return null;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** What `ValueAgent.state` gives before the first update, with these parameters. */
export const stateOf = (config: DqnConfig, parameters: NamedTensors): NamedTensors =>
  stateBefore(parameters, createOptimizer(config), PARTS);
