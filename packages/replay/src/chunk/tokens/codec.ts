import type { Layout } from '../chunk.ts';
import type { SealedChunk } from '../encoded.ts';
import { encodeWriter, HEADER, holdsTexts, isWhole, peekChunk, writeHeader, writeSeal } from '../header.ts';
import { allocate, copyOf, pad } from '../memory.ts';
import { ChunkError, checkFields } from '../validate.ts';
import { asChunk, checkTokens, countAgents, mostTokens, type TokenChunk } from './token-chunk.ts';

/**
 * The wire form of a chunk of texts, little-endian, after the header and the writer that all chunks have:
 *
 * | what |
 * |---|
 * | u32 tokens N, u32 rewards R that are not 0 |
 * | u16 tokens[N], u32 for a vocabulary above 65,536; padded to 8 bytes |
 * | two bits for each token's speaker, the first token in the lowest; padded to 8 bytes |
 * | u32 steps[R] of the rewards, rising; f32 rewards[R] |
 *
 * The header's length counts the agent's tokens. So a chunk takes little more than 2.25 bytes a token, and 8 an utterance.
 */
interface Places {
  readonly tokens: number;
  readonly speakers: number;
  readonly steps: number;
  readonly rewards: number;
  readonly total: number;
}

/** Tokens of more than this many kinds take 32 bits. */
const NARROW = 1 << 16;

function placesOf(writerBytes: number, count: number, rewards: number, vocabulary: number): Places {
  const tokens = HEADER + pad(writerBytes) + 8;
  const speakers = tokens + pad(count * (vocabulary > NARROW ? 4 : 2));
  const steps = speakers + pad(Math.ceil(count / 4));
  return { tokens, speakers, steps, rewards: steps + 4 * rewards, total: steps + 8 * rewards };
}

/**
 * The chunk as one value, sealed.
 *
 * @throws ChunkError for what must never be trained on (named by slot, episode and token).
 */
export function encodeTokenChunk(chunk: TokenChunk, layout: Layout): SealedChunk {
  const { vocabulary } = layout.tokens!;
  checkTokens(chunk, layout.tokens!);
  const { tokens, speakers } = chunk;
  const given = { ...asChunk(chunk), length: countAgents(speakers) };
  checkFields(given);
  const writer = encodeWriter(chunk.writer).length;
  const rewarded = [...chunk.rewards.keys()].filter((t) => chunk.rewards[t] !== 0);
  const at = placesOf(writer, tokens.length, rewarded.length, vocabulary);
  const bytes = allocate(at.total);
  bytes.fill(0);
  writeHeader(bytes, given, layout, 'plain');
  const { buffer, byteOffset: base } = bytes;
  new Uint32Array(buffer, base + at.tokens - 8, 2).set([tokens.length, rewarded.length]);
  viewTokens(bytes, at, tokens.length, vocabulary).set(tokens);
  for (let i = 0; i < speakers.length; i++) bytes[at.speakers + (i >> 2)] |= speakers[i] << (2 * (i & 3));
  new Uint32Array(buffer, base + at.steps, rewarded.length).set(rewarded);
  new Float32Array(buffer, base + at.rewards, rewarded.length).set(rewarded.map((t) => chunk.rewards[t]));
  writeSeal(bytes, 'plain');
  return bytes as SealedChunk;
}

function viewTokens(bytes: Uint8Array, at: Places, count: number, vocabulary: number) {
  const { buffer, byteOffset } = bytes;
  return vocabulary > NARROW
    ? new Uint32Array(buffer, byteOffset + at.tokens, count)
    : new Uint16Array(buffer, byteOffset + at.tokens, count);
}

/**
 * The chunk in `bytes`.
 *
 * @throws ChunkError when the value is cut short, corrupted, or holds what must never be trained on.
 */
export function decodeTokenChunk(given: Uint8Array, layout: Layout): TokenChunk {
  const { vocabulary } = layout.tokens!;
  const { fingerprint: _, hasPriorities: __, length, ...header } = peekChunk(given);
  const writer = encodeWriter(header.writer).length;
  const head = HEADER + pad(writer);
  const bytes = given.byteOffset % 8 === 0 ? given : copyOf(given);
  const { buffer, byteOffset: base } = bytes;
  if (!holdsTexts(bytes)) throw new ChunkError('The chunk is corrupted: it holds no texts.');
  if (bytes.length < head + 8) throw new ChunkError('The chunk is corrupted: it is cut short.');
  if (!isWhole(bytes)) throw new ChunkError('The chunk is corrupted: its checksum does not match.');
  const [count, rewarded] = new Uint32Array(buffer, base + head, 2);
  if (count > mostTokens(layout.tokens!) || rewarded > length || length > count)
    throw new ChunkError('The chunk is corrupted: its header holds impossible values.');
  const at = placesOf(writer, count, rewarded, vocabulary);
  if (at.total !== bytes.length)
    throw new ChunkError(`The chunk is corrupted: its tokens take ${at.total} bytes, not ${bytes.length}.`);
  const tokens = Int32Array.from(viewTokens(bytes, at, count, vocabulary));
  const speakers = new Uint8Array(count);
  for (let i = 0; i < count; i++) speakers[i] = (bytes[at.speakers + (i >> 2)] >> (2 * (i & 3))) & 3;
  const rewards = new Float32Array(length);
  const steps = new Uint32Array(buffer, base + at.steps, rewarded);
  const values = new Float32Array(buffer, base + at.rewards, rewarded);
  steps.forEach((step, i) => {
    if (step >= length || (i > 0 && step <= steps[i - 1]))
      throw new ChunkError('The chunk is corrupted: its rewards are of no steps in order.');
    rewards[step] = values[i];
  });
  if (countAgents(speakers) !== length)
    throw new ChunkError(
      `The chunk is corrupted: it says ${length} steps, and ${countAgents(speakers)} of its tokens are the agent's.`,
    );
  const chunk = { ...header, tokens, speakers, rewards };
  checkTokens(chunk, layout.tokens!);
  checkFields(asChunk(chunk));
  return chunk;
}
