import type { RemoteStage } from './remote-play.ts';

/** A checkpoint that can be played. */
export interface CheckpointEntry {
  /** Names it in requests: letters, digits and "-". */
  readonly name: string;
  /** For people. */
  readonly label: string;
  /** Gradient updates behind it. */
  readonly updates: number;
}

/** A point of the learning curve. Null: not measured. */
export interface CurvePoint {
  /** Environment steps, and gradient updates. */
  readonly steps: number;
  readonly updates: number;
  /** The mean returns of the last training episodes, and of an evaluation. */
  readonly meanReturn: number | null;
  readonly evaluation: number | null;
}

/** How a run stands now. */
export interface Standing {
  readonly phase: 'training' | 'ended';
  readonly updates: number;
  readonly steps: number;
  /** Newest last; the best, where there is one, first. */
  readonly checkpoints: readonly CheckpointEntry[];
  readonly curve: readonly CurvePoint[];
}

/** What does not change of a run. */
export interface AboutRun {
  /** The run's id. */
  readonly run: string;
  /** The run's configuration, as JSON that is to be checked: without the path of its environment's module. */
  readonly config: unknown;
  /** Whether a module defines the environment, `environment.js` for the page. */
  readonly hasModule: boolean;
  /** The environment, where it is played behind the page's server (`RemotePlay`); null: it is played in the page. */
  readonly stage: RemoteStage | null;
}

/** What the page's files hold of a run (`qfleet export --page`). */
export interface PageData {
  readonly about: AboutRun;
  readonly standing: Standing;
  /** Each checkpoint's weights by its name, in base64. */
  readonly weights: Readonly<Record<string, string>>;
  /** tfjs's WebAssembly in base64; null: the agent needs none. */
  readonly wasm: string | null;
}
