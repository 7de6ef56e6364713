import type { UpdateStats } from '@qfleet/agents';
import type { Replay } from '@qfleet/replay';
import type { Checkpoint } from './checkpoint.ts';
import type { TrainedOn } from './divergence.ts';
import type { RunStepsState } from './run-steps.ts';
import type { WaitReason } from './trainer-parts.ts';

/** A call of the agent that was made. */
export interface AgentCall {
  readonly stats: UpdateStats;
  /** What it learned from: of each of its batches, or of all of them together. */
  readonly data: readonly TrainedOn[];
  /** Transitions that it learned from, each as often as it did. */
  readonly transitions: number;
}

/** Where a trainer's experience comes from, and how the agent learns from it. Implementations: a replay, rounds. */
export interface Experience {
  /** Null: nothing is kept for sampling. */
  readonly replay: Replay | null;
  /** Environment steps of the whole run, as far as they came here, lost ones included. */
  readonly steps: number;
  /** What a checkpoint keeps of them. */
  readonly stepsState: RunStepsState;
  /** Where drawing stands. */
  readonly drawing: Pick<Checkpoint, 'random' | 'drawn'>;
  /** Chunks that were damaged or foreign, since this start. */
  readonly chunksRefused: number;
  /** Slots that rounds went on without, since this start. */
  readonly roundSlotsMissed: number;
  /** Weights of so many updates are about to be published under this version. */
  publishing(version: number, updates: number): void;
  /** Seconds that calls waited for what they learn from. */
  readonly waitedSeconds: number;
  /** Takes what is new where it comes from. True where something came. */
  synchronize(): Promise<boolean>;
  /** Why the agent can't be called, or null. */
  waitReason(): Exclude<WaitReason, 'checkpoint'> | null;
  /** Calls the agent, after so many updates; null: what it was to learn from was lost meanwhile. */
  call(updates: number): Promise<AgentCall | null>;
  /** The numbers of the last call are finite, and `updates` are done in all: what follows from it may be kept. */
  called(updates: number): void;
  /** Whether `save` is to be called. */
  readonly isSavingDue: boolean;
  /** Saves what a killed learner would lose. */
  save(): Promise<void>;
}
