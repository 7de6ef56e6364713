/** A checkpoint that the page can play. */
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
  /** Environment steps. */
  readonly steps: number;
  /** The mean returns of the last training episodes, and of an evaluation. */
  readonly meanReturn: number | null;
  readonly evaluation: number | null;
}

/** How a run stands now. */
export interface Standing {
  readonly phase: 'training' | 'ended' | 'gone';
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
  /** The run's configuration, as JSON; checked here again. */
  readonly config: unknown;
  /** Whether `environment.js` defines the environment. */
  readonly hasModule: boolean;
}

/** Where the page has a run from: the command that serves it, or its own files. */
export interface RunSource {
  about(): Promise<AboutRun>;
  /** The bytes of a checkpoint's weights; null: they are not kept any more. @throws Error: one sentence. */
  weights(name: string): Promise<Uint8Array | null>;
  /** Tells how the run stands: at once, and after each change. */
  follow(listener: (standing: Standing) => void): void;
}
