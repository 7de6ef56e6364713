/**
 * The first metadata entry holds the CRC-32 of the whole file, header included, as 8 hexadecimal digits; it is taken
 * with these digits all 0. They always stand at the same place.
 */
export const CHECKSUM = 'crc32';
export const CHECKSUM_START = 8 + `{"__metadata__":{"${CHECKSUM}":"`.length;
const CHECKSUM_END = CHECKSUM_START + 8;

/** The CRC-32 of some bytes that follow others, whose CRC-32 is `before`; zlib's, or one that needs no Node. */
export type Crc32 = (bytes: Uint8Array, before?: number) => number;

/** The digits that a file has to have, by what it holds. */
export function checksumOf(crc32: Crc32, bytes: Uint8Array): string {
  const before = crc32(bytes.subarray(0, CHECKSUM_START));
  const blanked = crc32(new Uint8Array(8).fill(0x30), before);
  return hexadecimal(crc32(bytes.subarray(CHECKSUM_END), blanked));
}

/** A CRC-32 in 8 digits. */
export function hexadecimal(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}

/** The bytes that an array of floats lies in. */
export const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
