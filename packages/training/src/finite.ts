import type { NamedTensors } from '@qfleet/tensor';

/** The name of the first tensor that holds a number which is not finite; null: all are. */
export function firstNonFinite(tensors: NamedTensors): string | null {
  for (const [name, { data }] of tensors) {
    // 0 · x is 0 for every finite x, else NaN: one addition an element and no branch.
    let sum = 0;
    for (let i = 0; i < data.length; i++) sum += 0 * data[i];
    if (sum !== 0) return name;
  }
  return null;
}
