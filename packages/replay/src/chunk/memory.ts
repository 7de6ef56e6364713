/** Rounds up to a multiple of 8, where elements of any type may begin. */
export const pad = (bytes: number): number => (bytes + 7) & ~7;

/** A copy on memory of its own, from its beginning. (The `slice` of a Buffer copies nothing.) */
export const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

/** Small chunks share blocks of memory: one of its own costs more than all that is written into it. */
const BLOCK = 1 << 16;
/** Bytes of the largest chunk that is small. */
export const SMALL = BLOCK >> 3;
let block: ArrayBufferLike = new ArrayBuffer(0);
let blockUsed = 0;

/** Memory that begins on 8 bytes and is not zeroed: all of it is written over anyway. */
export function allocate(bytes: number): Uint8Array {
  if (bytes > SMALL) return new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer);
  if (blockUsed + bytes > block.byteLength) {
    block = Buffer.allocUnsafeSlow(BLOCK).buffer;
    blockUsed = 0;
  }
  const allocated = new Uint8Array(block, blockUsed, bytes);
  blockUsed += pad(bytes);
  return allocated;
}

export function allocateCopy(bytes: Uint8Array): Uint8Array {
  const copy = allocate(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Released memory of the largest size asked for: new pages cost four times what it costs to fill them. */
let released: ArrayBufferLike[] = [];
let largest = 0;
const RELEASED_AT_MOST = 16;

/** As `allocate`, from released memory where there is any. */
export function reuse(bytes: number): Uint8Array {
  if (bytes <= SMALL) return allocate(bytes);
  if (bytes > largest) {
    released = [];
    largest = bytes;
  }
  const buffer = released.pop();
  return buffer ? new Uint8Array(buffer, 0, bytes) : allocate(bytes);
}

/** Gives back the memory of a chunk that nobody reads or writes any more. A small chunk has none of its own. */
export function release({ buffer, length }: Uint8Array): void {
  if (length > SMALL && buffer.byteLength === largest && released.length < RELEASED_AT_MOST)
    released.push(buffer);
}
