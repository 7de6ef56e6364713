import type { Decoding } from '@qfleet/agents';
import type { GreedyEpisodesOptions } from '@qfleet/rollout';
import type { EvaluationRequest } from './request.ts';
import type { EvaluationResult } from './result.ts';

/** What may end an evaluation early, and who is told; as of `playGreedyEpisodes`. */
export interface EvaluationLimits extends Pick<GreedyEpisodesOptions, 'cancelled' | 'warn' | 'patience'> {
  /** How an agent that speaks chooses tokens. Absent: as its configuration says. */
  readonly decode?: Decoding;
  /** The weight of an agent's values beside its language model, in place of the configuration's; 0: none. */
  readonly beta?: number;
}

/** What the episodes of a request came to. */
type Played = Pick<EvaluationResult, 'returns' | 'info'> & { readonly cutShort: number };

/** Plays a request's episodes with its parameters; fewer where it was cancelled. */
export type PlayEpisodes = (request: EvaluationRequest, limits: EvaluationLimits) => Promise<Played>;
