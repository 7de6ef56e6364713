import type { Network } from '@qfleet/networks';
import { MASK, type SequenceBatch, type SequenceUnit, sequencePriorities } from '@qfleet/replay';
import { type ObservationArray, stateDType, stateShape, tensorDType } from '@qfleet/spaces';
import type { InputSpec, Inputs } from '@qfleet/tensor';

/** The beginning of the names of what was remembered before a sequence. */
export const MEMORY = 'memory/';

/** η of the priorities of sequences (Kapturowski et al., 2019, section 2.3). */
const ETA = 0.9;

/** The inputs of an update that are a batch of `rows` sequences. */
export function sequenceInputs(
  { spec, memory }: Network,
  { burnIn, length }: SequenceUnit,
  rows: number,
): Record<string, InputSpec> {
  const steps = burnIn + length;
  const column: InputSpec = { shape: [rows, steps] };
  return {
    observations: { shape: [rows, steps + 1, ...stateShape(spec)], dtype: stateDType(spec) },
    actions: { shape: [rows, steps], dtype: 'int32' },
    rewards: column,
    discounts: column,
    valid: column,
    weights: { shape: [rows] },
    ...(spec.masked ? { masks: { shape: [rows, steps + 1, spec.actions], dtype: 'uint8' } as const } : {}),
    ...Object.fromEntries(
      memory.map(({ name, shape, dtype }) => [
        MEMORY + name,
        { shape: [rows, ...shape], dtype: tensorDType(dtype) },
      ]),
    ),
  };
}

/** A batch as those inputs. */
export function sequenceValues({ memory }: Network, batch: SequenceBatch): Inputs {
  const { observations, actions, rewards, discounts, valid, weights, columns } = batch;
  return {
    ...{ observations, actions, rewards, discounts, valid, weights },
    ...(MASK in columns ? { masks: columns[MASK] as Uint8Array } : {}),
    ...Object.fromEntries(memory.map(({ name }) => [MEMORY + name, columns[name] as ObservationArray])),
  } as Inputs;
}

/**
 * Writes the priorities of a batch's sequences to `out` [rows], from those of their steps.
 *
 * @param errors [rows × length], of the steps that are trained on.
 * @returns the mean of the errors of steps that are there.
 */
export function mixPriorities(
  { burnIn, length }: SequenceUnit,
  { size, valid }: SequenceBatch,
  errors: Float32Array,
  out: Float32Array,
): number {
  const there = new Float32Array(size * length);
  let [sum, count] = [0, 0];
  for (let row = 0; row < size; row++) {
    for (let step = 0; step < length; step++) {
      const at = row * length + step;
      there[at] = valid[row * (burnIn + length) + burnIn + step];
      sum += there[at] * errors[at];
      count += there[at];
    }
  }
  sequencePriorities(errors, there, length, ETA, out);
  return sum / count;
}
