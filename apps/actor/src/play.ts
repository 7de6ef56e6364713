import type { OpenChunk, SealedChunk } from '@qfleet/replay';
import type { Rollout } from '@qfleet/rollout';

/** What an actor plays with: slots that come and go, and the chunks of their steps. Implementations: `Rollout`, `RoundPlay`, `TextRollout`. */
export interface Play
  extends Pick<
    Rollout,
    | 'weightsVersion'
    | 'slots'
    | 'infoRefused'
    | 'addSlot'
    | 'removeSlot'
    | 'episodesOf'
    | 'step'
    | 'takeEpisodes'
    | 'close'
  > {
  /** The chunks closed since the last call. */
  takeChunks(): (OpenChunk | SealedChunk)[];
  /** Utterances that are whole, and those of them that were cut. Left out: nothing is said. */
  readonly utterances?: number;
  readonly cutUtterances?: number;
  /** Whether a round has begun, in which neither slots nor weights change. Left out: there are no rounds. */
  readonly isInRound?: boolean;
}
