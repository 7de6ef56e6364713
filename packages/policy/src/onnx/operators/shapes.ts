import type { Size } from '../computation.ts';
import type { Operator } from '../graph.ts';
import { axesOf, fixed, untranslated } from './arguments.ts';

/** The end of an axis, however long it is. */
const END = Number.MAX_SAFE_INTEGER;

const reshape: Operator = (graph, { inputs: [x], outputs: [{ shape }] }) => [
  graph.node('Reshape', [graph.ref(x), graph.target(shape)]),
];

/** From `begin`, so many as `size` says. */
const slice: Operator = (graph, call) => {
  const {
    inputs: [x],
    attributes,
    outputs: [{ shape }],
  } = call;
  const begins = (attributes['begin'] as Size[]).map((each) => fixed(each, call));
  const ends = shape.map((size, axis) => {
    if (typeof size === 'number') return begins[axis] + size;
    if (begins[axis] !== 0) throw untranslated(call, 'from within the rows');
    return END;
  });
  return [graph.node('Slice', [graph.ref(x), graph.integers(begins), graph.integers(ends)])];
};

/** Parts of an axis, of the sizes that the outputs have. */
const split: Operator = (graph, call) => {
  const {
    inputs: [x],
    attributes,
    outputs,
  } = call;
  const [axis] = axesOf(attributes['axis'] ?? 0, x.shape.length);
  const sizes = outputs.map(({ shape }) => fixed(shape[axis], call));
  return graph.outputs('Split', [graph.ref(x), graph.integers(sizes)], { axis }, sizes.length);
};

const unpack: Operator = (graph, call) => {
  const {
    inputs: [x],
    attributes,
    outputs,
  } = call;
  const [axis] = axesOf(attributes['axis'] ?? 0, x.shape.length);
  const sizes = graph.integers(outputs.map(() => 1));
  const parts = graph.outputs('Split', [graph.ref(x), sizes], { axis }, outputs.length);
  return parts.map((part) => graph.node('Squeeze', [part, graph.integers([axis])]));
};

const pack: Operator = (graph, { inputs, attributes, outputs }) => {
  const [axis] = axesOf(attributes['axis'] ?? 0, outputs[0].shape.length);
  const parts = inputs.map((each) => graph.node('Unsqueeze', [graph.ref(each), graph.integers([axis])]));
  return [graph.node('Concat', parts, { axis })];
};

const concat: Operator = (graph, { inputs, attributes, outputs }) => {
  const [axis] = axesOf(attributes['axis'] ?? 0, outputs[0].shape.length);
  return [
    graph.node(
      'Concat',
      inputs.map((each) => graph.ref(each)),
      { axis },
    ),
  ];
};

const transpose: Operator = (graph, { inputs: [x], attributes }) => [
  graph.node('Transpose', [graph.ref(x)], { perm: attributes['perm'] as number[] }),
];

const tile: Operator = (graph, call) => {
  const {
    inputs: [x],
    attributes,
  } = call;
  return [graph.node('Tile', [graph.ref(x), graph.sizes(attributes['reps'] as Size[])])];
};

const pad: Operator = (graph, { inputs: [x], attributes }) => {
  const paddings = attributes['paddings'] as [number, number][];
  const pads = graph.integers([...paddings.map(([before]) => before), ...paddings.map(([, after]) => after)]);
  const value = graph.scalar(x.dtype, Number(attributes['constantValue'] ?? 0));
  return [graph.node('Pad', [graph.ref(x), pads, value])];
};

const gather: Operator = (graph, call) => {
  const {
    inputs: [x, indices],
    attributes,
  } = call;
  if (Number(attributes['batchDims'] ?? 0) !== 0) throw untranslated(call, 'with batchDims');
  const [axis] = axesOf(attributes['axis'] ?? 0, x.shape.length);
  return [graph.node('Gather', [graph.ref(x), graph.ref(indices)], { axis })];
};

/** By comparison, as TensorFlow has it: an index that is none of the columns gives a row without a mark. */
const oneHot: Operator = (graph, { inputs: [indices], attributes, outputs: [{ dtype }] }) => {
  const columns = Int32Array.from({ length: Number(attributes['depth']) }, (_, column) => column);
  const apart = graph.node('Unsqueeze', [graph.ref(indices), graph.integers([-1])]);
  const marked = graph.node('Equal', [apart, graph.initializer('int32', [columns.length], columns)]);
  const marks = [attributes['onValue'] ?? 1, attributes['offValue'] ?? 0];
  return [graph.node('Where', [marked, ...marks.map((mark) => graph.scalar(dtype, Number(mark)))])];
};

/** Kernels that move elements. */
export const SHAPES: readonly (readonly [string, Operator])[] = [
  ['Reshape', reshape],
  ['ExpandDims', reshape],
  ['Slice', slice],
  ['SplitV', split],
  ['Unpack', unpack],
  ['Pack', pack],
  ['Concat', concat],
  ['Transpose', transpose],
  ['Tile', tile],
  ['PadV2', pad],
  ['GatherV2', gather],
  ['OneHot', oneHot],
];
