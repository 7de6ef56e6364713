import type { ColumnValues } from '@qfleet/spaces';
import type { NamedTensors } from '@qfleet/tensor';
import type { ActingLayers } from '../acting-layers.ts';
import type { DenseLayer } from '../dense/layer.ts';

/** A core for actors: two dense layers, of whose sum it makes features and a new memory. */
export interface Cell {
  /** How many features come out. */
  readonly width: number;
  /** What the two layers give: the same number. */
  readonly gates: number;
  /** The layer that takes the torso's features. */
  inputLayer(tensors: NamedTensors): DenseLayer;
  /** The layer that takes what `recall` writes. */
  recurrentLayer(tensors: NamedTensors): DenseLayer;
  /** Writes what a row remembers to `out` from `to` on, zeros where an episode begins: what the recurrent layer takes. */
  recall(memory: ColumnValues, row: number, begins: boolean, out: Float32Array, to: number): void;
  /**
   * Moves a row's memory on by a step, and writes its features to `out` from `to` on.
   *
   * @param fromInput, fromMemory what the layers gave, from `from` on.
   */
  step(
    memory: ColumnValues,
    row: number,
    begins: boolean,
    layers: { readonly fromInput: Float32Array; readonly fromMemory: Float32Array; readonly from: number },
    out: Float32Array,
    to: number,
  ): void;
}

/** A network that actors compute as layers, each followed by relu, a cell, and dense layers. */
export interface RecurrentParts {
  readonly torso: (tensors: NamedTensors) => ActingLayers;
  readonly cell: Cell;
  readonly head: (tensors: NamedTensors) => DenseLayer[];
}
