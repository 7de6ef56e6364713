import type { RunConfig } from '@qfleet/config';
import type { RunDirectory } from '@qfleet/report';
import type { TextEpisode } from '@qfleet/rollout';
import type { NamedTensors } from '@qfleet/tensor';
import {
  type BestEvaluation,
  bestCheckpoint,
  type Checkpoint,
  type FinalEvaluation,
  latestCheckpoint,
  type StopReason,
} from '@qfleet/training';
import { lockedFiles, temporaryFiles } from './files.ts';
import type { SingleHooks } from './hooks.ts';
import type { MemoryReplay } from './memory-replay.ts';
import { SingleRun } from './single-run.ts';

export interface SingleOptions extends SingleHooks {
  /** The run's directory, made for the same configuration. Left out: nothing of the run stays but the result. */
  readonly directory?: RunDirectory;
  /** What to continue from; null: from the start. Default: the newest checkpoint of the directory, if there is one. */
  readonly from?: Checkpoint | null;
  /** Aborted: training ends in order, with a checkpoint from which it can go on. */
  readonly signal?: AbortSignal;
  /**
   * Recorded experience to learn from, at least a batch of transitions; the configuration's agent learns from a replay.
   * No environment is stepped then but for evaluation. Left out: the run plays. Of an agent that speaks these are tokens, it has `data`, and
   * `data.updates` is null.
   */
  readonly offline?: MemoryReplay;
  /**
   * Recorded dialogues of the environment, checked as `takeEpisode` does; the configuration's agent speaks and has `data`. Left out: it
   * makes them, where its agent learns from any.
   */
  readonly dialogues?: readonly TextEpisode[];
  /** Called with what the run has played and its replay still holds, where it has one, once training has ended. */
  readonly onReplay?: (replay: MemoryReplay) => Promise<void>;
}

/** What came of a run. */
export interface SingleResult {
  /** Why it is over; null: it was interrupted. */
  readonly stopReason: StopReason | null;
  /** Gradient updates of the whole run. */
  readonly updates: number;
  /** Environment steps of the whole run. */
  readonly steps: number;
  /** Seconds of training, over all of the run's starts. */
  readonly seconds: number;
  /** The best evaluation while it trained; null: none. */
  readonly best: BestEvaluation | null;
  /** The parameters of the best checkpoint, or of the newest where none was evaluated; null: there is no checkpoint. */
  readonly parameters: NamedTensors | null;
  /** What these gave on episodes by which nothing was chosen; null: they were not played, as of a run that was interrupted. */
  readonly evaluation: FinalEvaluation | null;
}

/**
 * Trains in this process, in which the fleet's own rollout and trainer take turns over a replay in memory. The same
 * configuration gives the same parameters bit for bit.
 *
 * @param config a whole configuration, as `@qfleet/config` reads it.
 * @throws LockedError where another process trains into the directory; StorageError where it can't be written;
 *   DivergenceError; EnvironmentError, EnvironmentDefinitionError and ConfigError.
 */
export async function trainSingle(config: RunConfig, options: SingleOptions = {}): Promise<SingleResult> {
  const { directory, signal = new AbortController().signal } = options;
  const warn = (sentence: string): void => options.onWarning?.(sentence);
  const from = options.from === undefined ? await newest(directory, warn) : options.from;
  const files = directory === undefined ? await temporaryFiles() : await lockedFiles(directory, from, warn);
  try {
    const { offline = null, dialogues = null } = options;
    const run = await SingleRun.create({ config, files, from, hooks: options, signal, offline, dialogues });
    try {
      const reason = await run.train();
      if (run.replay !== null) await options.onReplay?.(run.replay);
      const { updates, seconds, scores } = run.trainer;
      const evaluation = reason === null ? null : await run.conclude(reason);
      const isInterrupted = evaluation === null && signal.aborted;
      return {
        // A run that was interrupted in its last evaluation is not over: that comes when it goes on.
        stopReason: isInterrupted ? null : reason,
        updates,
        steps: run.steps,
        seconds,
        best: scores.best,
        parameters: (await bestCheckpoint(files.checkpoints))?.parameters ?? null,
        evaluation,
      };
    } finally {
      run.dispose();
    }
  } finally {
    await files.close();
  }
}

async function newest(
  directory: RunDirectory | undefined,
  warn: (sentence: string) => void,
): Promise<Checkpoint | null> {
  if (directory === undefined) return null;
  return latestCheckpoint(directory.checkpoints, ({ message }) => warn(`${message} It is passed over.`));
}
