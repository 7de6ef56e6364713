import { valuedNetwork } from '@qfleet/agents';
import { type ColumnSpec, stateDType, stateShape } from '@qfleet/spaces';
import { loadedTensor, loadWasm, type Runtime, type TensorFlow, type TensorRecord } from '@qfleet/tensor';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { PolicyError } from '../policy-error.ts';
import type { Trained } from '../trained.ts';
import { computationOf, type Value } from './computation.ts';
import { type Recorded, record } from './record.ts';

/** The names of a forward pass's tensors; of a memory, what they begin with. */
export const STATES = 'states';
export const VALUES = 'values';
export const MEMORY = 'memory/';

/** What a policy computes of states and what it remembers. */
interface Forward {
  readonly memory: readonly ColumnSpec[];
  run(tf: TensorFlow, parameters: TensorRecord, given: TensorRecord): TensorRecord;
}

/**
 * What a policy computes of any number of states: Q(s, ·) as `values`, the head's other outputs by their names, and the memory
 * after the step.
 */
export async function forwardPass(trained: Trained): Promise<ReadonlyMap<string, Value>> {
  const { tf } = await anyRuntime();
  const forward = forwardOf(trained);
  const rows: [number, number] = [2, 3];
  const [first, second] = rows.map((count) => recordWith(tf, trained, forward, count));
  return computationOf({ rows, first, second });
}

/** What columns the memory of a policy has. */
export const memoryOf = (trained: Trained): readonly ColumnSpec[] => forwardOf(trained).memory;

/** Whatever this process has loaded; else the one that every machine has. */
async function anyRuntime(): Promise<Runtime> {
  return (await loadedTensor()) ?? (await loadWasm());
}

function recordWith(
  tf: TensorFlow,
  { checkpoint, layout }: Trained,
  { memory, run }: Forward,
  rows: number,
): ReadonlyMap<string, Recorded> {
  tf.engine().startScope();
  try {
    const parameters = Object.fromEntries(
      [...checkpoint.parameters].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
    );
    const dtype = stateDType(layout) === 'float32' ? 'float32' : 'int32';
    const given = {
      [STATES]: tf.zeros([rows, ...stateShape(layout)], dtype),
      ...Object.fromEntries(memory.map(({ name, shape }) => [MEMORY + name, tf.zeros([rows, ...shape])])),
    };
    return record(tf, parameters, given, () => run(tf, parameters, given));
  } finally {
    tf.engine().endScope();
  }
}

function forwardOf({ config: { agent }, layout }: Trained): Forward {
  if (agent.kind === 'tabular') {
    return {
      memory: [],
      run: (tf, { q }, given) => ({ [VALUES]: tf.gather(q as Tensor2D, given[STATES] as Tensor1D) }),
    };
  }
  if (agent.kind === 'token-q') throw new PolicyError(SPEAKS);
  const { network, valuesOf } = valuedNetwork(agent, layout);
  return {
    memory: network.memory,
    run: (tf, parameters, given) => {
      const before = network.memory.map(({ name }): [string, Tensor] => [name, given[MEMORY + name]]);
      const { out, memory } = network.forward(tf, parameters, {
        states: given[STATES],
        ...(before.length === 0 ? {} : { memory: Object.fromEntries(before) }),
      });
      const after = network.memory.map(({ name }): [string, Tensor] => [MEMORY + name, memory[name]]);
      return { ...out, [VALUES]: valuesOf(tf, out), ...Object.fromEntries(after) };
    },
  };
}

/** What is said of an agent whose actions are tokens. */
const SPEAKS = 'The run has a language agent, which is not exported as a network of numbered actions.';
