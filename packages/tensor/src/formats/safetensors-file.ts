import { closeSync, openSync, readSync, statSync } from 'node:fs';
import type { NamedTensors } from '../named-tensors.ts';
import { isFloatDtype, WIDEN } from './halves.ts';
import {
  corrupt,
  headerLength,
  LENGTH_BYTES,
  parseHeader,
  type TensorEntry,
  type TensorMetadata,
} from './safetensors-header.ts';

/** Bytes that are read at once. */
const PART_BYTES = 64 * 1024 * 1024;

/** The dtypes of floating-point numbers that are read. */
export const READ_DTYPES: readonly string[] = ['F32', ...Object.keys(WIDEN)];

/** A safetensors file of anyone's, whose tensors are read one by one. No checksum is asked for. */
export class SafetensorsFile {
  readonly metadata: TensorMetadata;
  /** All its tensors, of any dtype, in the order of their data. */
  readonly entries: readonly TensorEntry[];
  readonly #descriptor: number;
  /** Where the data begins, in bytes. */
  readonly #start: number;

  /**
   * Reads the header.
   *
   * @throws Error with one sentence on what is cut short, flipped or foreign; what the operating system says.
   */
  constructor(path: string) {
    const about = statSync(path);
    // A pipe would be waited for.
    if (!about.isFile()) throw corrupt('foreign: it is no regular file');
    const { size } = about;
    this.#descriptor = openSync(path, 'r');
    try {
      const start = new Uint8Array(Math.min(LENGTH_BYTES, size));
      this.#readAt(start, 0);
      const header = new Uint8Array(headerLength(start, size));
      this.#readAt(header, LENGTH_BYTES);
      this.#start = LENGTH_BYTES + header.length;
      ({ metadata: this.metadata, entries: this.entries } = parseHeader(header, size - this.#start));
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * A tensor's values as float32, exactly.
   *
   * @throws Error for a dtype that is not one of `READ_DTYPES`.
   */
  read({ name, dtype, from, to }: TensorEntry): Float32Array {
    if (!isFloatDtype(dtype))
      throw new Error(`tensor '${name}' has dtype ${dtype}: ${READ_DTYPES.join(', ')} are read`);
    if (dtype === 'F32') {
      const data = new Float32Array((to - from) / 4);
      this.#readAt(new Uint8Array(data.buffer), this.#start + from);
      return data;
    }
    const widen = WIDEN[dtype];
    const data = new Float32Array((to - from) / 2);
    const part = new Uint16Array(Math.min(data.length, PART_BYTES / 2));
    for (let at = 0; at < data.length; at += part.length) {
      const halves = part.subarray(0, data.length - at);
      this.#readAt(new Uint8Array(part.buffer, 0, halves.byteLength), this.#start + from + at * 2);
      widen(halves, data.subarray(at, at + halves.length));
    }
    return data;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #readAt(into: Uint8Array, position: number): void {
    for (let at = 0; at < into.length; ) {
      const read = readSync(
        this.#descriptor,
        into,
        at,
        Math.min(PART_BYTES, into.length - at),
        position + at,
      );
      if (read === 0) throw new Error('the file became shorter while it was read');
      at += read;
    }
  }
}

/**
 * All tensors of a safetensors file, as float32.
 *
 * @throws as `SafetensorsFile` and its `read`.
 */
export function readSafetensors(path: string): NamedTensors {
  const file = new SafetensorsFile(path);
  try {
    return new Map(file.entries.map((each) => [each.name, { shape: each.shape, data: file.read(each) }]));
  } finally {
    file.close();
  }
}
