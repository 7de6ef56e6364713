import { argmax } from '@qfleet/agents';

/** The largest of `width` numbers from `start` on, of those that the mask allows. */
export function largest(values: Float32Array, start: number, width: number, mask: Uint8Array | null): number {
  return values[start + argmax(values, start, width, mask, 0)];
}
