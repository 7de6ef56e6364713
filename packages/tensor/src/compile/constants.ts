import { DT, elementsOf, int32Constant, makeOp, makeValue, type Value } from './values.ts';

/** A constant larger than this is worth a warning: it was probably meant to be an input or state. */
const LARGE_BYTES = 1 << 20;
/** A constant smaller than this is kept as it is. */
const SMALL_BYTES = 1 << 12;

/** Shape and dtype of a value. */
type Described = Pick<Value, 'shape' | 'dtype'>;

/** A tensor that was there before the trace began, by its bytes. */
export function constantOf(described: Described, data: Uint8Array): Value {
  const uniform = uniformConstant(described, data);
  if (uniform !== null) return uniform;
  if (data.length > LARGE_BYTES) {
    process.emitWarning(
      `a trace holds a constant of ${data.length} bytes, shape [${described.shape}]: pass it as an input or state`,
    );
  }
  return makeOp('Const', [], {}, [described], { data }).outputs[0]!;
}

/** A constant of equal numbers, such as tf.ones, by that number alone; null: it is not one, or it is small. */
function uniformConstant(described: Described, data: Uint8Array): Value | null {
  const { shape, dtype } = described;
  if (data.length < SMALL_BYTES || data.length !== 4 * elementsOf(shape)) return null;
  const numbers = new Int32Array(data.buffer);
  if (numbers.some((each) => each !== numbers[0])) return null;
  const number = makeOp('Const', [], {}, [{ shape: [], dtype }], { data: data.slice(0, 4) }).outputs[0]!;
  const attributes = { T: { type: dtype }, index_type: { type: DT.int32 } };
  return makeValue('Fill', [int32Constant(shape), number], attributes, described);
}
