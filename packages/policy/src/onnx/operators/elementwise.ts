import type { Call } from '../computation.ts';
import type { Graph, Operator } from '../graph.ts';

/** Kernels that are the operator of this name, with the same inputs in the same order, broadcast alike. */
const SAME: Readonly<Record<string, string>> = {
  Abs: 'Abs',
  Add: 'Add',
  AddN: 'Sum',
  Ceil: 'Ceil',
  Cos: 'Cos',
  Equal: 'Equal',
  Erf: 'Erf',
  Exp: 'Exp',
  Floor: 'Floor',
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Identity: 'Identity',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  Log: 'Log',
  LogicalAnd: 'And',
  LogicalNot: 'Not',
  LogicalOr: 'Or',
  Maximum: 'Max',
  Minimum: 'Min',
  Multiply: 'Mul',
  Neg: 'Neg',
  Pow: 'Pow',
  Prelu: 'PRelu',
  RealDiv: 'Div',
  Reciprocal: 'Reciprocal',
  Relu: 'Relu',
  Round: 'Round',
  Select: 'Where',
  Sigmoid: 'Sigmoid',
  Sign: 'Sign',
  Sin: 'Sin',
  Softplus: 'Softplus',
  Sqrt: 'Sqrt',
  Sub: 'Sub',
  Tan: 'Tan',
  Tanh: 'Tanh',
};

const same =
  (opType: string): Operator =>
  (graph, { inputs }) => [
    graph.node(
      opType,
      inputs.map((each) => graph.ref(each)),
    ),
  ];

/** One that takes one input, `x`. */
const unary =
  (write: (graph: Graph, x: string, call: Call) => string): Operator =>
  (graph, call) => [write(graph, graph.ref(call.inputs[0]), call)];

/** The element types of ONNX that tfjs's dtypes are. */
const CAST_TO: Readonly<Record<string, number>> = { float32: 1, int32: 6, bool: 9 };

/** Kernels that work on each element alone. */
export const ELEMENTWISE: readonly (readonly [string, Operator])[] = [
  ...Object.entries(SAME).map(([kernel, opType]) => [kernel, same(opType)] as const),
  [
    'Cast',
    unary((graph, x, { attributes }) =>
      graph.node('Cast', [x], { to: CAST_TO[String(attributes['dtype'])] }),
    ),
  ],
  ['Rsqrt', unary((graph, x) => graph.node('Reciprocal', [graph.node('Sqrt', [x])]))],
  ['Square', unary((graph, x) => graph.node('Mul', [x, x]))],
  ['Expm1', unary((graph, x) => graph.node('Sub', [graph.node('Exp', [x]), graph.scalar('float32', 1)]))],
  ['Log1p', unary((graph, x) => graph.node('Log', [graph.node('Add', [x, graph.scalar('float32', 1)])]))],
  ['Elu', unary((graph, x) => graph.node('Elu', [x]))],
  [
    'Selu',
    unary((graph, x) =>
      graph.node('Selu', [x], { alpha: { float: 1.6732632423543772 }, gamma: { float: 1.0507009873554805 } }),
    ),
  ],
  [
    'LeakyRelu',
    unary((graph, x, { attributes }) =>
      graph.node('LeakyRelu', [x], { alpha: { float: Number(attributes['alpha']) } }),
    ),
  ],
  ['Relu6', unary((graph, x) => clip(graph, x, 0, 6))],
  [
    'ClipByValue',
    unary((graph, x, { attributes }) =>
      clip(graph, x, Number(attributes['clipValueMin']), Number(attributes['clipValueMax'])),
    ),
  ],
  [
    'SquaredDifference',
    (graph, { inputs: [a, b] }) => {
      const difference = graph.node('Sub', [graph.ref(a), graph.ref(b)]);
      return [graph.node('Mul', [difference, difference])];
    },
  ],
  [
    'NotEqual',
    (graph, { inputs: [a, b] }) => [graph.node('Not', [graph.node('Equal', [graph.ref(a), graph.ref(b)])])],
  ],
  ['ZerosLike', (graph, call) => [filled(graph, call, 0)]],
  ['OnesLike', (graph, call) => [filled(graph, call, 1)]],
];

const clip = (graph: Graph, x: string, low: number, high: number): string =>
  graph.node('Clip', [x, graph.scalar('float32', low), graph.scalar('float32', high)]);

/** As many of a number as an input has elements. */
function filled(graph: Graph, { outputs: [{ dtype, shape }] }: Call, value: number): string {
  return graph.node('Expand', [graph.scalar(dtype, value), graph.sizes(shape)]);
}
