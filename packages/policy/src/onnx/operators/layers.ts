import type { Call, Value } from '../computation.ts';
import { type Graph, type Operator, transposed } from '../graph.ts';
import { axesOf, fixed, pairOf, untranslated } from './arguments.ts';

/** A reduction over axes, which `opType` takes as an attribute at opset 17. */
const reduction =
  (opType: string): Operator =>
  (graph, { inputs: [x], attributes }) => {
    const axes = axesOf(attributes['axis'], x.shape.length);
    const keepdims = attributes['keepDims'] === true ? 1 : 0;
    return [graph.node(opType, [graph.ref(x)], { axes, keepdims })];
  };

/** ReduceSum alone takes its axes as an input since opset 13. */
const sum: Operator = (graph, { inputs: [x], attributes }) => {
  const axes = graph.integers(axesOf(attributes['axis'], x.shape.length));
  return [
    graph.node('ReduceSum', [graph.ref(x), axes], { keepdims: attributes['keepDims'] === true ? 1 : 0 }),
  ];
};

const softmax: Operator = (graph, { inputs: [x], attributes }) => [
  graph.node('Softmax', [graph.ref(x)], { axis: axesOf(attributes['dim'] ?? -1, x.shape.length)[0] }),
];

const logSoftmax: Operator = (graph, { inputs: [x], attributes }) => [
  graph.node('LogSoftmax', [graph.ref(x)], { axis: axesOf(attributes['axis'] ?? -1, x.shape.length)[0] }),
];

const argMax: Operator = (graph, { inputs: [x], attributes }) => {
  const [axis] = axesOf(attributes['axis'] ?? 0, x.shape.length);
  return [graph.node('Cast', [graph.node('ArgMax', [graph.ref(x)], { axis, keepdims: 0 })], { to: 6 })];
};

const matMul: Operator = (graph, { inputs: [a, b], attributes }) => {
  const side = (value: Value, isTransposed: unknown): string => {
    if (isTransposed !== true) return graph.ref(value);
    const perm = value.shape.map((_, axis) => axis);
    const [last, before] = [perm.length - 1, perm.length - 2];
    return graph.node('Transpose', [graph.ref(value)], { perm: [...perm.slice(0, -2), last, before] });
  };
  return [graph.node('MatMul', [side(a, attributes['transposeA']), side(b, attributes['transposeB'])])];
};

/** [rows, channels, height, width] of [rows, height, width, channels], and back. */
const CHANNELS_FIRST = [0, 3, 1, 2];
const CHANNELS_LAST = [0, 2, 3, 1];

/** Puts an operator on images with their channels first between two transpositions. */
const channelsFirst = (graph: Graph, x: Value, write: (x: string) => string): string[] => {
  const first = graph.node('Transpose', [graph.ref(x)], { perm: CHANNELS_FIRST });
  return [graph.node('Transpose', [write(first)], { perm: CHANNELS_LAST })];
};

/** Strides, dilations and paddings of a window over images, which are the same for a convolution and a pooling. */
function windowOf(call: Call, size: readonly [number, number]) {
  const {
    attributes,
    inputs: [x],
    outputs: [y],
  } = call;
  if ((attributes['dataFormat'] ?? 'NHWC') !== 'NHWC') throw untranslated(call, 'with channels first');
  const strides = pairOf(attributes['strides']);
  const dilations = pairOf(attributes['dilations'] ?? 1);
  const pad = attributes['pad'];
  const pads = [0, 1].map((side): [number, number] => {
    if (pad === 'valid') return [0, 0];
    if (typeof pad === 'number') return [pad, pad];
    if (Array.isArray(pad)) return pad[side + 1] as [number, number];
    // As TensorFlow pads "same": what is odd lies at the end.
    const [before, after] = [x, y].map(({ shape }) => fixed(shape[side + 1], call));
    const all = Math.max(0, (after - 1) * strides[side] + (size[side] - 1) * dilations[side] + 1 - before);
    return [Math.floor(all / 2), Math.ceil(all / 2)];
  });
  return { strides, dilations, pads: [...pads.map(([begin]) => begin), ...pads.map(([, end]) => end)] };
}

/** A constant kernel with its axes as ONNX has them. */
function kernelOf(graph: Graph, call: Call, order: readonly number[], shape?: readonly number[]): string {
  const { source } = call.inputs[1];
  if (source.kind !== 'constant') throw untranslated(call, 'with a kernel that follows from an input');
  const moved = transposed({ data: source.data as Float32Array, shape: source.shape }, order);
  const name = source.name === null ? undefined : `${source.name}:${order.join('')}`;
  return graph.initializer('float32', shape ?? moved.shape, moved.data, name);
}

/** [height, width, in, out] becomes [out, in, height, width]. */
const conv2d: Operator = (graph, call) => {
  const [height, width] = call.inputs[1].shape.map((size) => fixed(size, call));
  const window = windowOf(call, [height, width]);
  const kernel = kernelOf(graph, call, [3, 2, 0, 1]);
  return channelsFirst(graph, call.inputs[0], (x) =>
    graph.node('Conv', [x, kernel], { ...window, kernel_shape: [height, width] }),
  );
};

/** [height, width, in, each] becomes [in × each, 1, height, width]. */
const depthwise: Operator = (graph, call) => {
  const [height, width, channels, each] = call.inputs[1].shape.map((size) => fixed(size, call));
  const window = windowOf(call, [height, width]);
  const kernel = kernelOf(graph, call, [2, 3, 0, 1], [channels * each, 1, height, width]);
  return channelsFirst(graph, call.inputs[0], (x) =>
    graph.node('Conv', [x, kernel], { ...window, kernel_shape: [height, width], group: channels }),
  );
};

const pool =
  (opType: string): Operator =>
  (graph, call) => {
    const size = pairOf(call.attributes['filterSize']);
    const { strides, pads } = windowOf(call, size);
    return channelsFirst(graph, call.inputs[0], (x) =>
      graph.node(opType, [x], { strides, pads, kernel_shape: size }),
    );
  };

/** Kernels that sum, choose or multiply over axes. */
export const LAYERS: readonly (readonly [string, Operator])[] = [
  ['Sum', sum],
  ['Mean', reduction('ReduceMean')],
  ['Max', reduction('ReduceMax')],
  ['Min', reduction('ReduceMin')],
  ['Prod', reduction('ReduceProd')],
  ['Softmax', softmax],
  ['LogSoftmax', logSoftmax],
  ['ArgMax', argMax],
  ['BatchMatMul', matMul],
  ['Conv2D', conv2d],
  ['DepthwiseConv2dNative', depthwise],
  ['MaxPool', pool('MaxPool')],
  ['AvgPool', pool('AveragePool')],
];
