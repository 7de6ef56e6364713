import type { Random } from '@qfleet/random';
import { type ObservationArray, observationArrays, type StateSpec, stateSize } from '@qfleet/spaces';
import type { Inputs } from '@qfleet/tensor';
import { END, type Round } from './round.ts';

/** The columns of a minibatch, [rows, …], as an update takes them. */
interface Minibatch extends Inputs {
  readonly observations: ObservationArray;
  readonly actions: Int32Array;
  readonly returns: Float32Array;
  readonly weights: Float32Array;
}

/** Deals a round's steps out into minibatches, whose memory is made once and refilled. */
export class Minibatches {
  readonly #rows: number;
  /** The places of a round's steps, in the order in which they are dealt out. */
  readonly order: Int32Array;
  readonly #dealt: readonly Minibatch[];
  /** Each minibatch's observations again, in words where they can be. */
  readonly #words: readonly (Int32Array | ObservationArray)[];

  /** @param rows of a minibatch; `count` minibatches are dealt at a time, and `size` steps are in a round. */
  constructor(spec: StateSpec, rows: number, count: number, size: number) {
    this.#rows = rows;
    this.order = Int32Array.from({ length: size }, (_, i) => i);
    this.#dealt = Array.from({ length: count }, () => ({
      observations: new observationArrays[spec.dtype](rows * stateSize(spec)),
      actions: new Int32Array(rows),
      returns: new Float32Array(rows),
      weights: new Float32Array(rows),
    }));
    this.#words = this.#dealt.map(({ observations }) => wordsOf(observations, rows));
  }

  /**
   * The next minibatches of a round, from number `first` on.
   * @param returns [steps, copies] of the round.
   */
  deal(round: Round, returns: Float32Array, first: number): readonly Minibatch[] {
    const rows = this.#rows;
    const order = this.order;
    const from = wordsOf(round.observations, order.length);
    const width = from.length / order.length;
    let at = first * rows;
    for (let k = 0; k < this.#dealt.length; k++) {
      const batch = this.#dealt[k];
      const to = this.#words[k];
      for (let row = 0; row < rows; row++) {
        const place = order[at++];
        const source = place * width;
        const target = row * width;
        // Faster than subarray().set(), which makes an object for each row.
        for (let i = 0; i < width; i++) to[target + i] = from[source + i];
        batch.actions[row] = round.actions[place];
        batch.returns[row] = returns[place];
        batch.weights[row] = round.ends[place] === END.lost ? 0 : round.weight;
      }
    }
    return this.#dealt;
  }
}

/** Writes a random order of all places (Durstenfeld, 1964). */
export function shuffle(places: Int32Array, random: Random): void {
  for (let i = 0; i < places.length; i++) places[i] = i;
  for (let i = places.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const other = places[j];
    places[j] = places[i];
    places[i] = other;
  }
}

/** Rows of observations in words of four bytes where they are whole ones, so that there is less to copy one by one. */
function wordsOf(observations: ObservationArray, rows: number): Int32Array | ObservationArray {
  const { buffer, byteOffset, byteLength } = observations;
  const isWhole = (byteLength / rows) % 4 === 0 && byteOffset % 4 === 0;
  return isWhole ? new Int32Array(buffer, byteOffset, byteLength / 4) : observations;
}
