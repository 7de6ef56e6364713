import { checkParameters, isStatistic, type Network, Packing, type ParameterSpec } from '@qfleet/networks';
import { type Compiled, initialSlots, type NamedTensors, type Optimizer } from '@qfleet/tensor';
import { counterFromTensor, counterToTensor } from './counter.ts';
import { ONLINE } from './step.ts';

/** The name in the state of the count of updates, on which schedules depend. */
const UPDATES = 'updates';

/**
 * What a learner's state holds of every parameter, and how a compiled step keeps it: packed. A network's running statistics
 * are there once, as they are.
 */
export class LearnedState {
  readonly packing: Packing;
  readonly optimizer: Optimizer;
  readonly #statistics: readonly ParameterSpec[];
  /** The prefixes of what is kept beside the optimizer's slots: θ, and where there is one θ⁻. */
  readonly #parts: readonly string[];
  readonly #copies: readonly string[];
  /** Names and shapes of all that `read` gives. */
  readonly #specs: readonly { name: string; shape: readonly number[] }[];

  /** @param optimizerOf the optimizer of parameters that are packed so. */
  constructor(
    network: Pick<Network, 'parameters'>,
    optimizerOf: (packing: Packing) => Optimizer,
    parts: readonly string[],
  ) {
    const isLearned = ({ name }: ParameterSpec): boolean => !isStatistic(name);
    const learned = network.parameters.filter(isLearned);
    this.packing = new Packing(learned);
    this.#statistics = network.parameters.filter((each) => !isLearned(each));
    const optimizer = optimizerOf(this.packing);
    this.optimizer = optimizer;
    this.#parts = parts;
    this.#copies = [...parts, ...optimizer.slotNames(ONLINE)];
    this.#specs = [
      ...this.#copies.flatMap((copy) =>
        learned.map(({ name, shape }) => ({ name: `${copy}/${name}`, shape })),
      ),
      ...this.#statistics,
    ];
  }

  /** The compiled step's state at its beginning, with these parameters. */
  start(parameters: NamedTensors): NamedTensors {
    const packed = this.packing.pack(parameters);
    return new Map([...beginning(packed, this.optimizer, this.#parts), ...statisticsOf(parameters)]);
  }

  /** The parameters that a step has learned; `part`: which of its networks is read. */
  parameters(step: Compiled, part: string = ONLINE): NamedTensors {
    const state = step.state([
      ...this.packing.names.map((name) => `${part}/${name}`),
      ...this.#statistics.map(({ name }) => name),
    ]);
    return new Map([...this.packing.unpack(without(`${part}/`, state)), ...statisticsOf(state)]);
  }

  /** A step's whole state by the names of the network, after so many updates. */
  read(step: Compiled, updates: number): NamedTensors {
    const state = step.state();
    return new Map([
      ...this.#copies.flatMap((copy) => [
        ...under(`${copy}/`, this.packing.unpack(without(`${copy}/`, state))),
      ]),
      ...statisticsOf(state),
      [UPDATES, counterToTensor(updates)],
    ]);
  }

  /**
   * Writes what `read` gave into a step.
   * @returns the updates behind it.
   * @throws Error where it is of another network or optimizer.
   */
  restore(step: Compiled, state: NamedTensors): number {
    checkParameters([...this.#specs, { name: UPDATES, shape: [2] }], state);
    step.setState(
      new Map([
        ...this.#copies.flatMap((copy) => [
          ...under(`${copy}/`, this.packing.pack(without(`${copy}/`, state))),
        ]),
        ...statisticsOf(state),
      ]),
    );
    return counterFromTensor(state.get(UPDATES)!);
  }
}

/** What `LearnedState.read` gives before the first update, with these parameters. */
export const stateBefore = (
  parameters: NamedTensors,
  optimizer: Optimizer,
  parts: readonly string[],
): NamedTensors => {
  const learned = new Map([...parameters].filter(([name]) => !isStatistic(name)));
  return new Map([
    ...beginning(learned, optimizer, parts),
    ...statisticsOf(parameters),
    [UPDATES, counterToTensor(0)],
  ]);
};

/** The tensors among these that are running statistics. */
const statisticsOf = (tensors: NamedTensors): NamedTensors =>
  new Map([...tensors].filter(([name]) => isStatistic(name)));

function beginning(parameters: NamedTensors, optimizer: Optimizer, parts: readonly string[]): NamedTensors {
  return new Map([
    ...parts.flatMap((part) => [...under(`${part}/`, parameters)]),
    ...initialSlots(optimizer, under(`${ONLINE}/`, parameters)),
  ]);
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
