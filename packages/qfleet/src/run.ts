import { type LoadedPolicy, loadPolicy } from '@qfleet/policy';
import type { RunSummary } from '@qfleet/report';

/** What a run tells while it trains. What a hook throws ends a run in this process. */
export interface RunHooks {
  /** Called with each evaluation by which checkpoints are compared. */
  readonly onEvaluation?: ((evaluation: RunEvaluation) => void) | undefined;
  /** Called a few times a second. */
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
  /** Called with a sentence on what the run outlives. Left out: it goes to stderr. */
  readonly onWarning?: ((sentence: string) => void) | undefined;
  /** Aborted: training ends in order, with a checkpoint from which `resume` goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** An evaluation of a checkpoint, greedy. */
export interface RunEvaluation {
  /** Gradient updates behind it. */
  readonly updates: number;
  /** Mean and standard deviation of the episodes' undiscounted returns. */
  readonly mean: number;
  readonly std: number;
}

/** How a run stands. */
export interface RunProgress {
  /** Seconds of training, over all of the run's starts. */
  readonly seconds: number;
  /** Environment steps. */
  readonly steps: number;
  /** Gradient updates. */
  readonly updates: number;
  /** Mean return of the last training episodes; null before the first. */
  readonly meanReturn: number | null;
}

/** What came of a run: `summary.json` of its directory, and where that is. */
export interface Run extends RunSummary {
  /** The run's directory, absolute: what the commands and `loadPolicy` take. */
  readonly directory: string;
  /** The policy of its best checkpoint. */
  policy(): Promise<LoadedPolicy>;
}

/** A run of a directory and its summary. */
export const runOf = (directory: string, summary: RunSummary): Run => ({
  ...summary,
  directory,
  policy: () => loadPolicy(directory),
});
