import type { EvaluationResult } from '@qfleet/training';

/** How a run stands. */
export interface SingleProgress {
  /** Seconds of training so far, over all of the run's starts. */
  readonly seconds: number;
  /** Environment steps of the whole run. */
  readonly steps: number;
  /** Gradient updates of the whole run. */
  readonly updates: number;
  /** Mean return of the last training episodes; null before the first. */
  readonly meanReturn: number | null;
  /** Mean return of the newest evaluation; null before the first. */
  readonly evaluation: number | null;
  /** The lowest and the highest ε of the last training episodes; null before the first. */
  readonly epsilon: readonly [number, number] | null;
  readonly replayTransitions: number;
}

/** What a run tells while it trains. What a hook throws ends the run. */
export interface SingleHooks {
  /** Called a few times a second, and once training has ended. */
  onProgress?(progress: SingleProgress): void;
  /** Called with each evaluation by which checkpoints are compared. */
  onEvaluation?(result: EvaluationResult): void;
  /** Called where a checkpoint reached `stop.solvedReturn`, and fell short of it on fresh episodes: training goes on. */
  onUnconfirmed?(evaluation: EvaluationResult, confirmation: EvaluationResult): void;
  /** Called with a sentence on what the run outlives. */
  onWarning?(sentence: string): void;
}
