import { asChunk, type Chunk, fullTokens, type Layout, SPEAKER } from '@qfleet/replay';
import type { Growing } from '../rechunk.ts';
import type { TokenRow } from './token-columns.ts';

/** What a token takes while its chunk grows. */
const BYTES_A_TOKEN = 24;

/** The consecutive tokens of a chunk so far. */
export class GrowingTokens implements Growing<TokenRow> {
  readonly #spec: NonNullable<Layout['tokens']>;
  readonly #first: TokenRow;
  #last: TokenRow;
  readonly #tokens: number[] = [];
  readonly #speakers: number[] = [];
  readonly #rewards: number[] = [];

  constructor(spec: NonNullable<Layout['tokens']>, first: TokenRow) {
    this.#spec = spec;
    this.#first = first;
    this.#last = first;
  }

  get bytes(): number {
    return BYTES_A_TOKEN * this.#tokens.length;
  }

  isFollowedBy(row: TokenRow): boolean {
    const last = this.#last;
    const isFull = this.#tokens.length >= fullTokens(this.#spec);
    return (
      row.position === last.position + 1 &&
      row.step === last.step + Number(last.who === 'agent') &&
      row.slot === last.slot &&
      row.episode === last.episode &&
      row.epsilon === last.epsilon &&
      row.weights_version === last.weights_version &&
      row.episode_return === last.episode_return &&
      !last.terminated &&
      !last.truncated &&
      // An utterance and what is answered stay together.
      !(isFull && row.begins && row.who === 'agent')
    );
  }

  push(row: TokenRow): void {
    this.#last = row;
    this.#tokens.push(row.token);
    const speaker = row.who === 'agent' ? SPEAKER.agent : SPEAKER.environment;
    this.#speakers.push(row.begins ? speaker + SPEAKER.environmentBegins : speaker);
    if (row.reward !== null) this.#rewards.push(row.reward);
  }

  toChunk(): Chunk {
    const { writer, sequence, slot, episode, step, episode_return, epsilon, weights_version } = this.#first;
    const { terminated, truncated } = this.#last;
    return asChunk({
      ...{ writer, sequence, slot, episode, offset: step },
      end: terminated ? 'terminated' : truncated ? 'truncated' : 'continues',
      ...{ episodeReturn: episode_return, epsilon, weightsVersion: weights_version },
      tokens: Int32Array.from(this.#tokens),
      speakers: Uint8Array.from(this.#speakers),
      rewards: Float32Array.from(this.#rewards),
    });
  }
}
