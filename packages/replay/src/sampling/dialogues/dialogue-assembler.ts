import type { TokenSpec } from '@qfleet/spaces';
import { begins, isAgents, SPEAKER, SPEAKER_COLUMN, TOKEN } from '../../chunk/tokens/token-chunk.ts';
import type { DialogueUnit } from '../sample-unit.ts';
import type { ChunkRecord, TransitionIndex } from '../transition-index.ts';
import type { DialogueRows } from './dialogue-batch.ts';

/** The tokens of a chunk, and who wrote them. */
interface Texts {
  readonly tokens: Int32Array;
  readonly speakers: Uint8Array;
}

const textsOf = ({ columns }: ChunkRecord): Texts => ({
  tokens: columns![TOKEN] as Int32Array,
  speakers: columns![SPEAKER_COLUMN] as Uint8Array,
});

/** Makes rows of chunks of texts: a chunk, and before it what its agent had read, out of the chunks before. */
export class DialogueAssembler {
  readonly #index: TransitionIndex;
  readonly #spec: TokenSpec;
  readonly #unit: DialogueUnit;
  readonly #discount: number;

  /** @param discount γ. */
  constructor(index: TransitionIndex, spec: TokenSpec, unit: DialogueUnit, discount: number) {
    this.#index = index;
    this.#spec = spec;
    this.#unit = unit;
    this.#discount = discount;
  }

  /** How many tokens the row of a chunk has. */
  lengthOf(chunk: ChunkRecord): number {
    return this.#tokensBefore(chunk) + textsOf(chunk).tokens.length;
  }

  /** Writes the row of a chunk. The row is empty, and long enough. */
  write(rows: DialogueRows, row: number, chunk: ChunkRecord): void {
    const start = row * rows.length;
    let at = start + this.#tokensBefore(chunk);
    this.#writeBefore(rows, start, at, chunk.previous);
    const first = at;
    const { tokens, speakers } = textsOf(chunk);
    let step = 0;
    for (let i = 0; i < tokens.length; i++, at++) {
      rows.tokens[at] = tokens[i];
      rows.speakers[at] = speakers[i];
      if (!isAgents(speakers[i])) continue;
      const reward = this.#index.rewardAt(this.#index.leafAt(chunk, step++));
      // What came before the first token of a row is not there.
      if (at === start) continue;
      rows.trained[at] = 1;
      rows.rewards[at] = reward;
      rows.steps++;
    }
    this.#place(rows, start, at);
    if (this.#spec.history === 1) this.#leaveOutUnread(rows, start, first, at);
    rows.ends[row] = chunk.terminated ? 'terminated' : chunk.ended ? 'truncated' : 'continues';
    rows.tails[row] = this.#tailOf(chunk);
  }

  /** The number of tokens before a chunk that are read with it: whole texts, within the history and the context. */
  #tokensBefore(chunk: ChunkRecord): number {
    const { context, history } = this.#spec;
    const own = textsOf(chunk);
    const most = history ?? Number.POSITIVE_INFINITY;
    // A text that begins the chunk is one of those that its first utterance reads.
    const given = isAgents(own.speakers[0]) ? 0 : 1;
    const room = history === 1 ? Number.POSITIVE_INFINITY : context - own.tokens.length;
    let [texts, seen, taken] = [given, 0, 0];
    for (let before = chunk.previous; before !== null && texts < most; before = before.previous) {
      const { speakers } = textsOf(before);
      for (let i = speakers.length - 1; i >= 0 && texts < most; i--) {
        if (++seen > room) return taken;
        if (!begins(speakers[i])) continue;
        taken = seen;
        texts++;
      }
    }
    return taken;
  }

  /** Copies the last tokens of the chunks up to `last` to the cells from `start` to before `end`. */
  #writeBefore(rows: DialogueRows, start: number, end: number, last: ChunkRecord | null): void {
    let at = end;
    for (let before = last; before !== null && at > start; before = before.previous) {
      const { tokens, speakers } = textsOf(before);
      for (let i = tokens.length - 1; i >= 0 && at > start; i--) {
        at--;
        rows.tokens[at] = tokens[i];
        rows.speakers[at] = speakers[i];
      }
    }
  }

  /** Writes where each token stands in what is read at once: from a text of the environment on, where it alone is read. */
  #place({ mask, positions, segments, speakers }: DialogueRows, start: number, end: number): void {
    const apart = this.#spec.history === 1;
    let [segment, position] = [0, 0];
    for (let at = start; at < end; at++, position++) {
      if (apart && at > start && speakers[at] === SPEAKER.environmentBegins) {
        segment++;
        position = 0;
      }
      mask[at] = 1;
      positions[at] = position;
      segments[at] = segment;
    }
  }

  /** Leaves out utterances whose text, which alone is read, is not there any more. */
  #leaveOutUnread(rows: DialogueRows, start: number, first: number, end: number): void {
    if (!isAgents(rows.speakers[start])) return;
    for (let at = first; at < end && rows.speakers[at] !== SPEAKER.environmentBegins; at++) {
      rows.steps -= rows.trained[at];
      rows.trained[at] = 0;
      rows.rewards[at] = 0;
    }
  }

  /** The discounted rewards of the chunks after this one. */
  #tailOf(chunk: ChunkRecord): number {
    let [sum, factor] = [0, 1];
    for (let after = chunk.next; after !== null; after = after.next) {
      const { speakers } = textsOf(after);
      let step = 0;
      for (let i = 0; i < speakers.length; i++) {
        if (!isAgents(speakers[i])) continue;
        sum += factor * this.#index.rewardAt(this.#index.leafAt(after, step++));
        const endsTurn = i + 1 === speakers.length || begins(speakers[i + 1]);
        if (this.#unit.discountPer === 'token' || endsTurn) factor *= this.#discount;
      }
    }
    return sum;
  }
}
