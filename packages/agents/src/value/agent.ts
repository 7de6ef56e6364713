import type { DqnConfig } from '@qfleet/config';
import {
  checkParameters,
  createNetwork,
  initialParameters,
  isStatistic,
  type Network,
  Packing,
  type ParameterSpec,
} from '@qfleet/networks';
import { Random } from '@qfleet/random';
import { type Batch, MASK, type SampleUnit, type SequenceBatch, type TransitionBatch } from '@qfleet/replay';
import type { StateSpec } from '@qfleet/spaces';
import {
  type Compiled,
  compile,
  type Inputs,
  initialSlots,
  loadTensor,
  type NamedTensors,
  type Optimizer,
  type Outputs,
  type Runtime,
} from '@qfleet/tensor';
import type { Agent, UpdateFault, UpdateStats } from '../agent.ts';
import { createObjective } from '../objectives/create-objective.ts';
import type { Objective, Reading } from '../objectives/objective.ts';
import { counterFromTensor, counterToTensor } from './counter.ts';
import { createOptimizer } from './optimizer.ts';
import { parallelismOf } from './parallelism.ts';
import { ratesOf, seedOf } from './rates.ts';
import { mixPriorities, sequenceValues } from './sequence-inputs.ts';
import { NOISE, NOISE_SEEDS, ONLINE, SEED, stepInputs, TARGET, updateStep } from './step.ts';

/** The name in the state of the count of updates, on which schedules depend. */
const UPDATES = 'updates';

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
  readonly unit: SampleUnit;
  readonly #given: ValueAgentOptions;
  readonly #network: Network;
  readonly #reads: readonly Reading[];
  readonly #isNoisy: boolean;
  readonly #step: Compiled;
  readonly #packing: Packing;
  readonly #optimizer: Optimizer;
  /** What the network has beside what is learned by gradients: running statistics. */
  readonly #statistics: readonly ParameterSpec[];
  /** What the state holds of every parameter: itself, the target network's, and the optimizer's slots. */
  readonly #copies: readonly string[];
  /** Names and shapes of all that `state` gives. */
  readonly #specs: readonly { name: string; shape: readonly number[] }[];
  #updates = 0;

  constructor(runtime: Runtime, given: ValueAgentOptions) {
    const { config, spec, seed, eager = false } = given;
    const objective = given.objective ?? createObjective(config);
    const network = createNetwork(config.network, spec, objective.head);
    const [learned, statistics] = apart(network.parameters);
    const packing = new Packing(learned);
    const optimizer = createOptimizer(config, packing);
    this.batchesPerUpdate = config.updatesPerCall;
    this.unit = objective.unit;
    this.#given = given;
    this.#network = network;
    this.#reads = objective.reads;
    this.#isNoisy = network.disturbed !== undefined;
    this.#packing = packing;
    this.#optimizer = optimizer;
    this.#statistics = statistics;
    this.#copies = [ONLINE, TARGET, ...optimizer.slotNames(ONLINE)];
    this.#specs = [
      ...this.#copies.flatMap((copy) =>
        learned.map(({ name, shape }) => ({ name: `${copy}/${name}`, shape })),
      ),
      ...statistics,
    ];
    const { tf } = runtime;
    const parts = {
      ...{ tf, network, packing, objective, optimizer },
      ...{ largestNorm: config.gradientClip, nSteps: config.nSteps },
    };
    this.#step = compile(runtime, (state, inputs) => updateStep(parts, state, inputs), {
      state: startState(network, packing, optimizer, seed),
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
    const state = this.#step.state([
      ...this.#packing.names.map((name) => `${ONLINE}/${name}`),
      ...this.#statistics.map(({ name }) => name),
    ]);
    return new Map([...this.#packing.unpack(without(`${ONLINE}/`, state)), ...statisticsOf(state)]);
  }

  state(): NamedTensors {
    const state = this.#step.state();
    return new Map([
      ...this.#copies.flatMap((copy) => [
        ...under(`${copy}/`, this.#packing.unpack(without(`${copy}/`, state))),
      ]),
      ...statisticsOf(state),
      [UPDATES, counterToTensor(this.#updates)],
    ]);
  }

  restore(state: NamedTensors): void {
    checkParameters([...this.#specs, { name: UPDATES, shape: [2] }], state);
    this.#step.setState(
      new Map([
        ...this.#copies.flatMap((copy) => [
          ...under(`${copy}/`, this.#packing.pack(without(`${copy}/`, state))),
        ]),
        ...statisticsOf(state),
      ]),
    );
    this.#updates = counterFromTensor(state.get(UPDATES)!);
  }

  dispose(): void {
    this.#step.dispose();
  }

  #rates(updates: number) {
    const { config, seed, totalUpdates } = this.#given;
    return ratesOf(config, this.#optimizer, seed, totalUpdates, updates);
  }
}

/** The seeds of an update's noise: a function of the run's seed and of the updates before it, so that a restored run goes on. */
function noiseSeeds(seed: number, updates: number): Int32Array {
  const seeds = new Int32Array(2 * NOISE_SEEDS);
  for (let i = 0; i < NOISE_SEEDS; i++) {
    seeds[2 * i] = Random.seed(seed, `noise ${i}`);
    seeds[2 * i + 1] = updates;
  }
  return seeds;
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

/** The tensors among these that are running statistics. */
const statisticsOf = (tensors: NamedTensors): NamedTensors =>
  new Map([...tensors].filter(([name]) => isStatistic(name)));

/** What gradients change of a network's parameters, and its running statistics. */
function apart(
  parameters: readonly ParameterSpec[],
): [learned: readonly ParameterSpec[], statistics: readonly ParameterSpec[]] {
  const isLearned = ({ name }: ParameterSpec): boolean => !isStatistic(name);
  return [parameters.filter(isLearned), parameters.filter((each) => !isLearned(each))];
}

/** What `ValueAgent.state` gives before the first update, with these parameters. */
export function stateOf(config: DqnConfig, parameters: NamedTensors): NamedTensors {
  const learned = new Map([...parameters].filter(([name]) => !isStatistic(name)));
  const online = under(`${ONLINE}/`, learned);
  return new Map([
    ...online,
    ...under(`${TARGET}/`, learned),
    ...initialSlots(createOptimizer(config), online),
    ...statisticsOf(parameters),
    [UPDATES, counterToTensor(0)],
  ]);
}

/** The compiled step's state at its beginning. */
function startState(network: Network, packing: Packing, optimizer: Optimizer, seed: number): NamedTensors {
  const drawn = initialParameters(network.parameters, new Random(Random.seed(seed, 'parameters')));
  const start = packing.pack(drawn);
  const online = under(`${ONLINE}/`, start);
  return new Map([
    ...online,
    ...under(`${TARGET}/`, start),
    ...initialSlots(optimizer, online),
    ...statisticsOf(drawn),
  ]);
}
