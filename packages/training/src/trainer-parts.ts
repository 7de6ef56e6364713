import type { Agent, Round, RoundAgent, WeightsChannel } from '@qfleet/agents';
import type { RoundRunConfig, RunConfig } from '@qfleet/config';
import type { Layout, PriorityStore, ReplayStore } from '@qfleet/replay';
import type { Checkpoint, CheckpointFolder } from './checkpoint.ts';
import type { ChunkWatch } from './chunk-watch.ts';
import type { Evaluations } from './evaluation/evaluations.ts';
import type { ScoreboardListener } from './evaluation/scoreboard.ts';

/** Does what the store, the channel or the evaluations may refuse for a while. */
export type Outlast = <T>(task: () => Promise<T>) => Promise<T>;

/** What a trainer needs whatever its agent learns from. */
export interface CommonParts {
  readonly config: RunConfig;
  readonly layout: Layout;
  readonly channel: WeightsChannel;
  readonly evaluations: Evaluations;
  readonly checkpoints: CheckpointFolder;
  /** Where to continue from; null: from the start. */
  readonly from: Checkpoint | null;
  readonly listener?: ScoreboardListener;
  /** Told, in one sentence, of what is wrong with the training that goes on. */
  readonly warn?: (sentence: string) => void;
  /** Makes the replay (and what lay beside it) again where its server lost it; without it, a loss is thrown. */
  readonly restore?: () => Promise<void>;
  /** Without it, a refusal is thrown. */
  readonly outlast?: Outlast;
}

/** The parts of a trainer whose agent learns from a replay. */
export interface ReplayTrainerParts extends CommonParts {
  readonly agent: Agent;
  readonly store: ReplayStore;
  /**
   * Calls whose batches are drawn ahead where something has to be fetched for them. Default 0: then what comes when
   * changes nothing, as reproducible runs in one process need it.
   */
  readonly callsAhead?: number;
  /** Where priorities outlive this process, and its fencing token; without it they are not kept. */
  readonly saving?: { readonly store: PriorityStore; readonly fence: number };
  readonly watch?: ChunkWatch;
  /** Left out: the run's own actors fill the store. */
  readonly offline?: OfflineStore;
}

/** A store that holds all that a run learns from, recorded by others: no step in it is the run's own. */
export interface OfflineStore {
  readonly transitions: number;
}

/** Where rounds come from. Implementations: played in this process (`RoundRollout`), handed in by actors. */
export interface RoundSource {
  /** A round that is whole, and not learned from yet; null: there is none. */
  readonly round: Round | null;
  /** Environment steps of it, those of missing slots left out. */
  readonly played: number;
  /** It was learned from: its memory is free for the next. */
  release(): void;
  /** Left out: rounds are played in this process. */
  readonly apart?: RoundsApart;
}

/** What rounds need beside that where they are played in other processes. */
export interface RoundsApart {
  /** Slots that rounds went on without since this start, each time. */
  readonly missed: number;
  /** What was handed in and does not hold what it should. */
  readonly refused: number;
  /** Times that what was handed in was lost on its way. */
  readonly losses: number;
  /** Whether nobody has played for so long that the newest weights may be lost: they are published again. */
  readonly lacksWeights: boolean;
  /** Weights of so many updates are about to be published under this version: the next round is played with them. */
  publishing(version: number, updates: number): void;
  /** Takes what was handed in. True where something was. */
  synchronize(): Promise<boolean>;
}

/** The parts of a trainer whose agent learns from rounds. */
export interface RoundTrainerParts extends CommonParts {
  readonly config: RoundRunConfig;
  readonly agent: RoundAgent;
  readonly rounds: RoundSource;
}

export type TrainerParts = ReplayTrainerParts | RoundTrainerParts;

/** Why training ended; null while it goes on. */
export type StopReason = 'solved' | 'maxUpdates' | 'maxSteps' | 'maxSeconds';

/** Why no update can be done now. */
export type WaitReason = 'too little experience' | 'sample-to-insert ratio' | 'round' | 'checkpoint';

/** What was done since a trainer's start. */
export interface TrainerCounts {
  /** Gradient updates. */
  readonly updates: number;
  /** Transitions. */
  readonly sampled: number;
  /** Weights versions. */
  readonly published: number;
  /** Bytes of them, and the seconds that publishing them took. */
  readonly publishedBytes: number;
  readonly publishSeconds: number;
  readonly checkpoints: number;
  /** Seconds that updates waited for batches to come from the store. */
  readonly fetchWaitSeconds: number;
  /** Chunks that were damaged or foreign. */
  readonly chunksRefused: number;
  /** Slots that rounds went on without. */
  readonly roundSlotsMissed: number;
}
