import { stateDType, stateShape } from '@qfleet/spaces';
import { describePolicy, identifier } from '../describe.ts';
import type { Trained } from '../trained.ts';
import type { Size } from './computation.ts';
import { forwardPass, MEMORY, memoryOf, STATES, VALUES } from './forward.ts';
import { Graph } from './graph.ts';
import { OPERATORS } from './operators/operators.ts';
import { ELEMENT, type ElementType, encodeModel, type ValueInfoProto } from './proto.ts';

/** The version of ONNX's operators: onnxruntime has it since 1.12 of 2022, and every later one reads it. */
const OPSET = 17;
/** The file format's version that goes with it. */
const IR_VERSION = 8;

/** The names of inputs and outputs. */
const OBSERVATION = 'observation';
const MASK = 'mask';
const ACTION = 'action';
/** The name of the number of rows. */
const ROWS = 'batch';
/** Below every value, and finite. */
const LOWEST = -3.4e38;

/**
 * A run's policy as an ONNX model. Inputs: `observation` [batch, …state], of a state's dtype (float16 as float32); `mask` bool
 * [batch, actions] where actions may be forbidden; what a recurrent network remembers, `lstm_hidden` and `lstm_cell`
 * [batch, units], zeros where an episode begins. Outputs: `values` float32 [batch, actions], Q(s, ·); `action` int64 [batch], the
 * allowed one of the largest value, the lowest of a tie; the head's `logits` or `quantiles` [batch, actions, N]; and the memory
 * after the step, `lstm_hidden_next` and `lstm_cell_next`. All preprocessing but the stacking of frames is inside.
 *
 * @throws PolicyError where the network uses an operation that is not translated.
 */
export async function encodeOnnx(trained: Trained): Promise<Uint8Array> {
  const { layout } = trained;
  const { actions, masked } = layout;
  const results = await forwardPass(trained);
  const memory = memoryOf(trained);
  const dtype = stateDType(layout);
  const inputs = [
    tensorInfo(OBSERVATION, dtype, [{ times: 1 }, ...stateShape(layout)], 'A state in each row.'),
    ...(masked ? [tensorInfo(MASK, 'bool', [{ times: 1 }, actions], 'Which actions may be chosen.')] : []),
    ...memory.map(({ name, shape }) =>
      tensorInfo(identifier(name), 'float32', [{ times: 1 }, ...shape], 'Zeros where an episode begins.'),
    ),
  ];
  const seen = new Map([
    [STATES, OBSERVATION],
    ...memory.map(({ name }) => [MEMORY + name, identifier(name)] as const),
  ]);
  // tfjs has no bytes: its functions see them as int32.
  if (dtype === 'uint8') seen.set(STATES, `${OBSERVATION}_int32`);
  const graph = new Graph(OPERATORS, seen, OBSERVATION);
  if (dtype === 'uint8') graph.cast(OBSERVATION, seen.get(STATES)!, ELEMENT.int32);

  const outputs: ValueInfoProto[] = [];
  const put = (
    name: string,
    from: string,
    type: ElementType,
    shape: readonly Size[],
    about: string,
  ): void => {
    graph.rename(from, name);
    outputs.push(tensorInfo(name, type, shape, about));
  };
  const values = results.get(VALUES)!;
  const q = graph.ref(values);
  put(VALUES, q, 'float32', values.shape, 'Q(s, a) of each action.');
  const allowed = masked ? graph.node('Where', [MASK, q, graph.scalar('float32', LOWEST)]) : q;
  const action = graph.node('ArgMax', [allowed], { axis: 1, keepdims: 0 });
  put(ACTION, action, 'int64', [{ times: 1 }], 'The allowed action of the largest value.');
  for (const [name, value] of results) {
    if (name === VALUES) continue;
    const isMemory = name.startsWith(MEMORY);
    const called = isMemory ? `${identifier(name.slice(MEMORY.length))}_next` : identifier(name);
    const about = isMemory ? 'What the next step is given.' : 'What the head gives.';
    put(called, graph.ref(value), value.dtype, value.shape, about);
  }
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: 'qfleet',
    producerVersion: '1',
    docString: `The policy of a Qfleet run on ${trained.config.environment.id}.`,
    opsetImport: [{ domain: '', version: OPSET }],
    metadataProps: [{ key: 'qfleet', value: JSON.stringify(describePolicy(trained)) }],
    graph: {
      name: 'policy',
      node: graph.nodes,
      initializer: graph.initializers,
      input: inputs,
      output: outputs,
    },
  });
}

function tensorInfo(
  name: string,
  type: ElementType,
  shape: readonly Size[],
  docString: string,
): ValueInfoProto {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: ROWS }));
  return { name, docString, type: { tensorType: { elemType: ELEMENT[type], shape: { dim } } } };
}
