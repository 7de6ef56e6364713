/** No value has it: it only tells the types apart. */
declare const form: unique symbol;

/**
 * A chunk as one value that has no checksum and is not compressed. It stays in its process until `sealChunk` or
 * `compressChunk` seals it.
 */
export type OpenChunk = Uint8Array & { readonly [form]: 'open' };

/** A chunk as one value with its checksum: it may leave its process. */
export type SealedChunk = Uint8Array & { readonly [form]: 'sealed' };
