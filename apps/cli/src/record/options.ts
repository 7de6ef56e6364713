import type { FeedOptions } from '../watch/open-feed.ts';

/** The options of `qfleet record`. */
export interface RecordOptions extends Pick<FeedOptions, 'env' | 'trust' | 'python'> {
  readonly episodes: number;
  readonly seed?: number;
  readonly width: number;
  readonly fps?: number;
  readonly maxSteps: number;
  readonly json?: true;
}
