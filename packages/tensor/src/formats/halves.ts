/** The floating-point dtypes that are read and written, by the format's names. */
export type FloatDtype = 'F32' | 'F16' | 'BF16';

/** Bytes of an element. */
export const elementBytes = (dtype: FloatDtype): number => (dtype === 'F32' ? 4 : 2);

/** Float32 numbers as a dtype has them, each rounded to the nearest, to an even one where two are as near. */
export function encodeFloats(dtype: FloatDtype, data: Float32Array): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array((dtype === 'F16' ? Float16Array.from(data) : brain(data)).buffer);
}

/** The upper halves of float32 numbers, rounded. */
function brain(data: Float32Array): Uint16Array {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  return Uint16Array.from(bits, (each) => {
    // A NaN keeps a bit in its fraction: without one it would be an infinity.
    if ((each & 0x7fffffff) > 0x7f800000) return (each >>> 16) | 0x40;
    return (each + 0x7fff + ((each >>> 16) & 1)) >>> 16;
  });
}

/** How numbers of two bytes become float32, exactly. */
export const WIDEN: Readonly<
  Record<Exclude<FloatDtype, 'F32'>, (from: Uint16Array, to: Float32Array) => void>
> = {
  F16: (from, to) => to.set(new Float16Array(from.buffer, from.byteOffset, from.length)),
  BF16: (from, to) => {
    const bits = new Uint32Array(to.buffer, to.byteOffset, to.length);
    for (let i = 0; i < from.length; i++) bits[i] = from[i]! << 16;
  },
};

/** Whether numbers of a dtype are read. */
export const isFloatDtype = (dtype: string): dtype is FloatDtype =>
  dtype === 'F32' || Object.hasOwn(WIDEN, dtype);
