import type { Frame } from '@qfleet/envs';

/*
 * What a stage elsewhere answers, in little endian: magic u32, stage u32, flags u32 (1 terminated, 2 truncated), width u32, height u32,
 * bytes of the observation u32, of the mask u32 and of the note u32, reward f64; then the observation, the mask, the frame's pixels
 * (RGB, 3 · width · height bytes) and the note (UTF-8).
 */

const MAGIC = 0x54534651;
const HEADER_BYTES = 40;
const TERMINATED = 1;
const TRUNCATED = 2;

/** What came of a reset or a step on a stage that is elsewhere. */
export interface StageState {
  /** Names the stage in the next request. */
  readonly stage: number;
  /** 0 after a reset. */
  readonly reward: number;
  readonly terminated: boolean;
  readonly truncated: boolean;
  /** The bytes of the observation's elements. */
  readonly observation: Uint8Array;
  /** 1 for each action that may be taken; of no elements where all may. */
  readonly mask: Uint8Array;
  /** Null: there is none. */
  readonly frame: Frame | null;
  /** What people should know of this state, as why it has no frame; '': nothing. */
  readonly note: string;
}

/**
 * A state as bytes, as `RemotePlay` takes it.
 *
 * @example
 * const observation = new Uint8Array(new Float32Array([0.5]).buffer);
 * const state = { stage: 1, reward: 0, terminated: false, truncated: false, observation, mask: new Uint8Array(0), frame: null, note: '' };
 * encodeStageState(state).length; // → 44
 */
export function encodeStageState(state: StageState): Uint8Array<ArrayBuffer> {
  const { stage, reward, terminated, truncated, observation, mask, frame } = state;
  const note = new TextEncoder().encode(state.note);
  const parts = [observation, mask, frame?.pixels ?? new Uint8Array(0), note];
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, HEADER_BYTES));
  const view = new DataView(bytes.buffer);
  const flags = (terminated ? TERMINATED : 0) | (truncated ? TRUNCATED : 0);
  const words = [
    ...[MAGIC, stage, flags, frame?.width ?? 0, frame?.height ?? 0],
    ...[observation.length, mask.length, note.length],
  ];
  words.forEach((word, i) => {
    view.setUint32(4 * i, word, true);
  });
  view.setFloat64(32, reward, true);
  let at = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Reads a state.
 *
 * @param observation bytes that an observation has, and `mask` elements of a mask.
 * @throws Error for bytes that are none of such a stage.
 */
export function decodeStageState(
  bytes: Uint8Array,
  { observation, mask }: { readonly observation: number; readonly mask: number },
): StageState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (i: number): number => view.getUint32(4 * i, true);
  if (bytes.length < HEADER_BYTES || word(0) !== MAGIC || word(2) > (TERMINATED | TRUNCATED)) throw foreign();
  const [width, height, noted] = [word(3), word(4), word(7)];
  const sizes = [word(5), word(6), 3 * width * height, noted];
  const size = sizes.reduce((sum, each) => sum + each, HEADER_BYTES);
  if (sizes[0] !== observation || sizes[1] !== mask || size !== bytes.length) throw foreign();
  let at = HEADER_BYTES;
  const [seen, allowed, pixels, note] = sizes.map((each) => {
    at += each;
    return bytes.slice(at - each, at);
  });
  return {
    stage: word(1),
    reward: view.getFloat64(32, true),
    terminated: (word(2) & TERMINATED) !== 0,
    truncated: (word(2) & TRUNCATED) !== 0,
    observation: seen,
    mask: allowed,
    frame: pixels.length === 0 ? null : { width, height, pixels },
    note: new TextDecoder().decode(note),
  };
}

const foreign = (): Error =>
  new Error('What the environment’s server answered is no state of this environment.');
