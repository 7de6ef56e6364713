import type { TextEpisode } from '@qfleet/envs';
import type { RunDirectory, RunSummary } from '@qfleet/report';
import type { Checkpoint } from '@qfleet/training';
import type { OfflineExperience } from '../offline/experience.ts';
import type { Display } from './display.ts';

/** One session of training a run, by a fleet or in this process. */
export interface Session {
  readonly directory: RunDirectory;
  readonly display: Display;
  /** Aborted: end cleanly, so that the run can be resumed. */
  readonly signal: AbortSignal;
  /** Aborted: end at once, whatever is lost. */
  readonly killed: AbortSignal;
  /** The run was started before. */
  readonly resume: boolean;
  /** What it goes on from; null: from the start. */
  readonly from: Checkpoint | null;
  /** What it learns from, in place of playing; null: it plays. */
  readonly offline: OfflineExperience | null;
  /** The dialogues that it learns from; null: those that its task makes, if any. */
  readonly dialogues: readonly TextEpisode[] | null;
}

/** How a session ended. */
export interface SessionEnd {
  readonly stopReason: RunSummary['stopReason'];
  /** Why, in one sentence, where it failed. */
  readonly failure: string | null;
  /** Environment steps of the whole run; null: nobody could be asked. */
  readonly steps: number | null;
  /** Processes that were started again. */
  readonly restarts: number;
}
