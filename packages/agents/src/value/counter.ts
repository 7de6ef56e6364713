/**
 * A whole number up to 2⁴⁸ as two float32, since a checkpoint's state is float32 throughout and one of them holds
 * whole numbers only up to 2²⁴.
 */
export const counterToTensor = (n: number): { shape: number[]; data: Float32Array } => ({
  shape: [2],
  data: Float32Array.of(Math.floor(n / 0x1000000), n % 0x1000000),
});

export const counterFromTensor = ({ data }: { readonly data: Float32Array }): number =>
  data[0] * 0x1000000 + data[1];
