import type { DrawingContext, Frame, NamedAction, NamedTensors, Picture, PlayedStep } from '@qfleet/browser';

/**
 * What the page plays: an environment and what an agent makes of its states. `Play` runs here. `RemotePlay` is sent what Python plays:
 * its resets and steps take time, and its states are frames.
 */
export interface Stage {
  readonly definition: { readonly id: string; readonly actionSpace: { readonly n: number } };
  readonly values: Float32Array;
  readonly mask: Uint8Array;
  readonly distributions: Float32Array | null;
  readonly spread: { readonly kind: 'histogram' | 'quantiles'; readonly places: readonly number[] } | null;
  readonly greedy: number;
  readonly isOver: boolean;
  /** What people should know of the current state; '': nothing. */
  readonly note?: string;
  load(tensors: NamedTensors): void;
  reset(seed: number, episode?: number): void | Promise<void>;
  step(action?: number): PlayedStep | Promise<PlayedStep>;
  /** The current state as pixels. */
  frame(): Frame | undefined;
  /** The current state as shapes. */
  picture?(): Picture | undefined;
  /** Draws the current state. @returns whether it can be drawn. */
  draw?(context: DrawingContext): boolean;
}

/** The actions of a stage by name, and by key. */
export interface StageActions {
  readonly names: readonly NamedAction[];
  /** The action that a key takes; undefined: none. */
  byKey(key: string): number | undefined;
  /** The action that does nothing; −1: each does something. */
  readonly idle: number;
}

/** @param names of each action. */
export function stageActions(names: readonly NamedAction[]): StageActions {
  const keys = new Map(names.flatMap(({ keys }, action) => keys.map((key) => [key, action] as const)));
  return {
    names,
    byKey: (key) => keys.get(key),
    idle: names.findIndex(({ name }) => name === 'nothing' || name === 'idle'),
  };
}
