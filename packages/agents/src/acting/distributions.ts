import type { DqnConfig, PqnConfig } from '@qfleet/config';
import { createInference, distributionNetwork, type Inference, type InferenceRows } from '@qfleet/networks';
import type { Memory, StateSpec } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import { createValuing } from '../objectives/create-objective.ts';
import type { DistributionSpec } from '../objectives/objective.ts';

/** The distributions of the return that a network tells beside Q(s, ·), which are their means. */
export interface Distributions extends DistributionSpec {
  /** Takes up parameters, as a policy does. */
  load(tensors: NamedTensors): void;
  /** A memory for so many rows, all at the beginning of an episode. */
  memory(rows: number): Memory;
  /**
   * Writes [rows, actions, places]: the probability of each value of a histogram, or the value at each level. It moves the
   * rows' memory on, as acting does.
   */
  run(rows: InferenceRows, out: Float32Array): void;
}

/** The distributions of a configured network, its weights at their means; null: its head has values alone. */
export async function createDistributions({
  config,
  spec,
}: {
  readonly config: DqnConfig | PqnConfig;
  readonly spec: StateSpec;
}): Promise<Distributions | null> {
  const { head, distribution } = createValuing(config);
  if (distribution === undefined) return null;
  const { kind, places, output } = distribution;
  const numbers = spec.actions * places.length;
  const network = distributionNetwork(config.network, spec, head, places.length);
  const inference: Inference = await createInference(network, (tf, out) =>
    tf.reshape(out[output]!, [-1, numbers]),
  );
  return {
    ...distribution,
    load: (tensors) => inference.load(tensors),
    memory: (rows) => inference.memory(rows),
    run(rows, out) {
      inference.run(rows, out);
      if (kind === 'histogram') softmaxEach(out, rows.count * numbers, places.length);
    },
  };
}

/** The softmax of each `size` numbers of the first `count`, in their place. */
function softmaxEach(numbers: Float32Array, count: number, size: number): void {
  for (let start = 0; start < count; start += size) {
    const part = numbers.subarray(start, start + size);
    const largest = part.reduce((most, each) => Math.max(most, each), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (let i = 0; i < size; i++) sum += part[i] = Math.exp(part[i] - largest);
    for (let i = 0; i < size; i++) part[i] /= sum;
  }
}
