import type { InputShape } from './layout.ts';
import type { InputSpec, Inputs } from './types.ts';
import { elementsOf } from './values.ts';

const ARRAYS = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

/**
 * The shapes of the inputs of one call, from the lengths of what is given.
 *
 * @throws When an input is missing, unknown, of a wrong type, or of a length that its shape does not allow.
 */
export function inputShapes(specs: Readonly<Record<string, InputSpec>>, given: Inputs): InputShape[] {
  for (const name of Object.keys(given)) {
    if (!(name in specs)) {
      throw new Error(
        `there is no input '${name}': the function takes ${Object.keys(specs).join(', ') || 'none'}`,
      );
    }
  }
  return Object.entries(specs).map(([name, { shape, dtype = 'float32' }]) => {
    const value = given[name];
    if (value === undefined) throw new Error(`input '${name}' is missing`);
    const number = typeof value === 'number';
    const half = dtype === 'float32' && value instanceof Float16Array;
    if (!number && !half && !(value instanceof ARRAYS[dtype])) {
      throw new Error(`input '${name}' is a ${value?.constructor.name}, it takes a ${ARRAYS[dtype].name}`);
    }
    const length = number ? 1 : value.length;
    const known = shape.reduce<number>((product, each) => product * (each ?? 1), 1);
    const missing = known === 0 ? 0 : length / known;
    const full = shape.map((each) => each ?? missing);
    if (!Number.isInteger(missing) || elementsOf(full) !== length) {
      const wanted = shape.map((each) => each ?? 'any').join(', ');
      throw new Error(`input '${name}' has ${length} values, which its shape [${wanted}] does not allow`);
    }
    return { name, shape: full, dtype };
  });
}

/** What a trace is kept under: another set of sizes is another trace. */
export function shapeKey(shapes: readonly InputShape[]): string {
  return shapes.map(({ shape }) => shape.join('x')).join(';');
}
