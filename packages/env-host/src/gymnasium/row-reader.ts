import {
  decodeNumbers,
  FAILED,
  flagsAt,
  GarbageError,
  masksAt,
  observationsAt,
  type RowFormat,
  rewardsAt,
  sectionKinds,
  TERMINATED,
  TRUNCATED,
} from './protocol.ts';
import type { Answer } from './worker-slot.ts';

/** What a worker told of one of its rows beside the step itself. */
export interface RowNews {
  /** Why its environment failed. */
  readonly failed?: string;
  /** The first observation of its next episode, and its mask; or why that did not begin. */
  readonly begun?: Buffer | string;
  /** The numbers that its episode told. */
  readonly told?: Readonly<Record<string, number>>;
}

/** Reads the rows of answers. */
export class RowReader {
  readonly #format: RowFormat;
  readonly #say: (line: string) => void;

  /** @param say told of the first line that the environment printed. */
  constructor(format: RowFormat, say: (line: string) => void) {
    this.#format = format;
    this.#say = say;
  }

  reward({ bytes }: Answer, index: number): number {
    return bytes.readDoubleLE(rewardsAt() + 8 * index);
  }

  /** @throws GarbageError for flags that there are none of. */
  flags({ bytes, count }: Answer, index: number): number {
    const flags = bytes[flagsAt(count, this.#format) + index];
    if (flags > (TERMINATED | TRUNCATED) && flags !== FAILED) {
      throw new GarbageError(`its message has the flags ${flags}`);
    }
    return flags;
  }

  /** Copies a row's observation, and its mask where there are masks, into the caller's bytes from `at` on. */
  copy({ bytes, count }: Answer, index: number, target: Uint8Array, at: number): void {
    const from = observationsAt(count) + index * this.#format.width;
    bytes.copy(target, at, from, from + this.#format.width);
  }

  /** @throws GarbageError for a mask of other numbers than 0 and 1. */
  copyMask({ bytes, count }: Answer, index: number, target: Uint8Array, at: number): void {
    const { actions } = this.#format;
    this.#copyMask(bytes, masksAt(count, this.#format) + index * actions, target, at);
  }

  /** The bytes of a row as BEGUN has them: its observation, and its mask. */
  begunOf({ bytes, count }: Answer, index: number): Buffer {
    const { width, actions } = this.#format;
    const [from, maskFrom] = [
      observationsAt(count) + index * width,
      masksAt(count, this.#format) + index * actions,
    ];
    return Buffer.concat([bytes.subarray(from, from + width), bytes.subarray(maskFrom, maskFrom + actions)]);
  }

  /** Copies what BEGUN has. @throws GarbageError */
  copyBegun(begun: Buffer, target: Uint8Array, at: number, masks: Uint8Array | null, maskAt: number): void {
    const { width } = this.#format;
    begun.copy(target, at, 0, width);
    if (masks !== null) this.#copyMask(begun, width, masks, maskAt);
  }

  #copyMask(bytes: Buffer, from: number, target: Uint8Array, at: number): void {
    for (let i = 0; i < this.#format.actions; i++) {
      const allowed = bytes[from + i];
      if (allowed > 1) throw new GarbageError(`its message has a mask of ${allowed}`);
      target[at + i] = allowed;
    }
  }

  /** What the sections of an answer tell, by row. @throws GarbageError */
  news({ sections }: Answer): ReadonlyMap<number, RowNews> {
    if (sections.length === 0) return NO_NEWS;
    const news = new Map<number, RowNews>();
    for (const { kind, index, bytes } of sections) {
      if (kind === sectionKinds.said) this.#say(bytes.toString('utf8'));
      else news.set(index, { ...news.get(index), ...this.#newsOf(kind, bytes) });
    }
    return news;
  }

  #newsOf(kind: number, bytes: Buffer): RowNews {
    const { width, actions } = this.#format;
    switch (kind) {
      case sectionKinds.failed:
        return { failed: bytes.toString('utf8') };
      case sectionKinds.notBegun:
        return { begun: bytes.toString('utf8') };
      case sectionKinds.begun:
        if (bytes.length !== width + actions) throw new GarbageError('an observation of its message is cut');
        // The message's bytes are written over by the next one.
        return { begun: Buffer.from(bytes) };
      case sectionKinds.told:
        return { told: decodeNumbers(bytes) };
      default:
        throw new GarbageError(`its message has a section ${kind}`);
    }
  }
}

const NO_NEWS: ReadonlyMap<number, RowNews> = new Map();
