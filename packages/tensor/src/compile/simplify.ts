import {
  DT,
  elementsOf,
  floatConstant,
  int32Constant,
  makeOp,
  makeValue,
  sameShape,
  type Value,
} from './values.ts';

/**
 * Rewrites a trace into fewer and faster ops with the same results, by what tfjs's kernels are known to leave behind.
 * Values are rewritten from the leaves up, each once.
 */
export class Simplifier {
  readonly #done = new Map<Value, Value>();

  simplify(value: Value): Value {
    const known = this.#done.get(value);
    if (known !== undefined) return known;
    const inputs = value.op.inputs.map((each) => this.simplify(each));
    const unchanged = inputs.every((each, i) => each === value.op.inputs[i]);
    const { op } = value;
    const copy = unchanged ? op : makeOp(op.type, inputs, op.attributes, op.outputs);
    copy.outputs.forEach((output, i) => {
      this.#done.set(op.outputs[i]!, copy.outputs.length === 1 ? rewrite(output) : output);
    });
    return this.#done.get(value)!;
  }
}

function rewrite(value: Value): Value {
  switch (value.op.type) {
    case 'Reshape':
      return reshape(value.op.inputs[0]!, value.shape);
    case 'BatchMatMulV2':
      return matMul(value);
    case 'Add':
    case 'AddV2':
      return biasAdd(value);
    case 'Cast':
      return cast(value);
    case 'Sum':
      return sum(value);
    default:
      return value;
  }
}

/** A reshape that replaces the reshapes below it; the input itself where its shape does not change. */
function reshape(input: Value, shape: readonly number[]): Value {
  let source = input;
  while (source.op.type === 'Reshape') source = source.op.inputs[0]!;
  if (sameShape(source.shape, shape)) return source;
  const attributes = { T: { type: source.dtype }, Tshape: { type: DT.int32 } };
  return makeValue('Reshape', [source, int32Constant(shape)], attributes, { shape, dtype: source.dtype });
}

/** tfjs multiplies matrices as batches of one; MatMul is the op that grappler fuses and oneDNN knows. */
function matMul(value: Value): Value {
  const [a, b] = value.op.inputs as [Value, Value];
  const single = [a, b].every(({ shape }) => elementsOf(shape.slice(0, -2)) === 1);
  if (!single) return value;
  const { T, adj_x, adj_y } = value.op.attributes;
  const product = makeValue(
    'MatMul',
    [reshape(a, a.shape.slice(-2)), reshape(b, b.shape.slice(-2))],
    { T: T!, transpose_a: adj_x!, transpose_b: adj_y! },
    { shape: value.shape.slice(-2), dtype: value.dtype },
  );
  return reshape(product, value.shape);
}

/** The sum of a product or convolution and a vector over its last axis: BiasAdd, which grappler fuses with it. */
function biasAdd(value: Value): Value {
  const [a, b] = value.op.inputs as [Value, Value];
  for (const [sum, bias] of [
    [a, b],
    [b, a],
  ] as const) {
    const product = sum.op.type === 'MatMul' || sum.op.type === 'Conv2D';
    if (
      product &&
      bias.shape.length === 1 &&
      bias.shape[0] === sum.shape.at(-1) &&
      sameShape(sum.shape, value.shape)
    ) {
      return makeValue('BiasAdd', [sum, bias], { T: { type: value.dtype } }, value);
    }
  }
  return value;
}

/**
 * uint8 → int32 → float32 (tfjs knows no uint8) is one cast. Others narrow, so both are needed. A cast one-hot is one
 * of the other dtype.
 */
function cast(value: Value): Value {
  const [input] = value.op.inputs as [Value];
  if (input.dtype === value.dtype) return input;
  if (input.op.type === 'OneHot' && value.dtype === DT.float32) return oneHotOf(input);
  if (input.op.type !== 'Cast' || input.dtype !== DT.int32) return value;
  const [source] = input.op.inputs as [Value];
  if (source.dtype !== DT.uint8) return value;
  return makeValue('Cast', [source], { SrcT: { type: source.dtype }, DstT: { type: value.dtype } }, value);
}

/** `marks` are the two values of a one-hot: constants, since tfjs takes them as numbers. */
function oneHotOf({ op, shape }: Value): Value {
  const [indices, depth, ...marks] = op.inputs as [Value, Value, Value, Value];
  const attributes = { ...op.attributes, T: { type: DT.float32 } };
  return makeValue('OneHot', [indices, depth, ...marks.map(asFloat)], attributes, {
    shape,
    dtype: DT.float32,
  });
}

/** A constant scalar of int32, or of bool (one byte), as float32. */
function asFloat(mark: Value): Value {
  return floatConstant(mark.dtype === DT.bool ? mark.op.data![0]! : int32sOf(mark)[0]!);
}

/** What an int32 constant holds. */
function int32sOf({ op }: Value): Int32Array {
  return new Int32Array(op.data!.slice().buffer);
}

function sum(value: Value): Value {
  const [input, axes] = value.op.inputs as [Value, Value];
  if (input.dtype !== DT.float32) return value;
  return sumOfSquares(value, input) ?? biasGradient(value, input, axes) ?? value;
}

/** The sum of the squares of all elements: L2Loss is half of it, and makes no tensor of the squares. */
function sumOfSquares(value: Value, input: Value): Value | null {
  if (value.shape.length > 0 || input.op.type !== 'Square') return null;
  const T = { type: DT.float32 };
  const half = makeValue('L2Loss', [input.op.inputs[0]!], { T }, value);
  return makeValue('Mul', [half, floatConstant(2)], { T }, value);
}

/** The sum over all axes but the last is a bias's gradient. Its op works row by row, where Sum moves axes about first. */
function biasGradient(value: Value, input: Value, axes: Value): Value | null {
  const rank = input.shape.length;
  if (rank < 2 || value.shape.length !== 1 || !sumsAllButLast(axes, rank)) return null;
  const attributes = { T: { type: DT.float32 }, data_format: { s: Buffer.from('NHWC') } };
  return makeValue('BiasAddGrad', [input], attributes, value);
}

/** Whether constant axes are all of a rank but its last. */
function sumsAllButLast(axes: Value, rank: number): boolean {
  if (axes.op.type !== 'Const' || axes.dtype !== DT.int32) return false;
  const summed = new Set(int32sOf(axes));
  return summed.size === rank - 1 && !summed.has(rank - 1) && !summed.has(-1);
}
