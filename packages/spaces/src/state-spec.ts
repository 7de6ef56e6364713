import type { ObservationDType, ObservationPart } from './spaces.ts';

/** What a state is where it is a text: the tokens so far. An action is the next one. */
export interface TokenSpec {
  /** How many tokens there are; `StateSpec.actions` is the same. */
  readonly vocabulary: number;
  /** The most tokens of both speakers that are read at once. */
  readonly context: number;
  /** The texts before its utterance, of either speaker, that the agent reads; null: all of the episode. */
  readonly history: number | null;
  /** A text that tokenizers share only if they encode alike. */
  readonly tokenizer: string;
}

/** What a network sees of one state, and how many actions it values there. */
export interface StateSpec {
  /** The shape of one observation; [] for a Discrete one. */
  readonly shape: readonly number[];
  /** The element type of the observations as they are stored; a network takes float16 as float32. */
  readonly dtype: ObservationDType;
  /** The upper bound of all elements, where they are bytes and it is below 255. */
  readonly high?: number;
  /** n of a Discrete observation (the integers 0 … n − 1), which enters one-hot; absent for a box. */
  readonly count?: number;
  /** What the elements are, where a dict or tuple space was flattened. */
  readonly parts?: readonly ObservationPart[];
  /** Observations that are stacked in a state on a new leading axis, oldest first; 1: it is one observation. */
  readonly frames: number;
  readonly actions: number;
  /** Whether a network takes the elements by running statistics of them; they reach it as they are. */
  readonly normalized?: boolean;
  /** Whether each state has a mask: which of the actions may be taken. */
  readonly masked?: boolean;
  /** Absent: states are no texts. Where they are, `shape` is [0]: what is seen are the tokens alone. */
  readonly tokens?: TokenSpec;
}

/** The dtype in which elements of an array reach a network. */
export function tensorDType(dtype: ObservationDType): 'float32' | 'int32' | 'uint8' {
  return dtype === 'float16' ? 'float32' : dtype;
}

/** The dtype in which states reach a network. */
export function stateDType({ dtype }: StateSpec): 'float32' | 'int32' | 'uint8' {
  return tensorDType(dtype);
}

/** The shape of a state: of an observation, or of several stacked. */
export function stateShape({ shape, frames }: StateSpec): readonly number[] {
  return frames === 1 ? shape : [frames, ...shape];
}

/** Elements of a state. */
export function stateSize(spec: StateSpec): number {
  return spec.frames * elementsOf(spec.shape);
}

/** Numbers that enter an MLP for a state: n one-hot for each Discrete observation, else all elements. */
export function inputSize(spec: StateSpec): number {
  return spec.frames * (spec.count ?? elementsOf(spec.shape));
}

/** Elements of an array of this shape. */
export const elementsOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
