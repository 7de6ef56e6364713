import type { NamedTensors, Runtime, TensorRecord } from '@qfleet/tensor';
import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { LanguageNetwork } from './language-network.ts';
import { textPositions } from './positions.ts';

/** Texts as tokens, in typed arrays. */
export interface TokenRows {
  readonly rows: number;
  /** [rows, length]. */
  readonly ids: Int32Array;
  /** [rows, length]: 0 for padding, which no token sees, else 1. */
  readonly mask: Int32Array;
  /** [rows, length]: the kind of each token, of an encoder. */
  readonly types?: Int32Array;
}

/** What a network gives for one row. */
export interface RowOutputs {
  /** [length, width]. */
  readonly features: Float32Array;
  /** [columns, vocabulary]; null: the network has no head. */
  readonly logits: Float32Array | null;
}

/**
 * Computes a network on texts, one row after another, op by op: what is computed once is not worth a trace.
 *
 * @param columns the tokens of each row that logits are asked for.
 */
export function* evaluateRows(
  { tf }: Runtime,
  network: LanguageNetwork,
  tensors: NamedTensors,
  { rows, ids, mask, types }: TokenRows,
  columns: readonly number[],
): Generator<RowOutputs> {
  const parameters = Object.fromEntries(
    [...tensors].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
  );
  const length = ids.length / rows;
  const positions = textPositions(mask, rows);
  try {
    for (let row = 0; row < rows; row++) {
      yield tf.tidy(() => {
        const part = (values: Int32Array) =>
          tf.tensor2d(values.slice(row * length, (row + 1) * length), [1, length], 'int32');
        const out: TensorRecord = network.forward(tf, parameters, {
          ...{ ids: part(ids), positions: part(positions), mask: part(mask) },
          ...(types ? { types: part(types) } : {}),
          picked: tf.tensor1d([...columns], 'int32') as Tensor1D,
        });
        return {
          features: out['features'].dataSync<'float32'>(),
          logits: out['logits']?.dataSync<'float32'>() ?? null,
        };
      });
    }
  } finally {
    tf.dispose(parameters);
  }
}
