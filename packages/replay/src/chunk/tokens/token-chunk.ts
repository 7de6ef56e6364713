import type { TokenSpec } from '@qfleet/spaces';
import type { Chunk } from '../chunk.ts';
import type { ColumnValues } from '../columns.ts';
import { ChunkError } from '../validate.ts';

/** Who wrote a token, and whether it is the first of a text or an utterance. Two bits, of which the lower says `agent`. */
export const SPEAKER = { environment: 0, agent: 1, environmentBegins: 2, agentBegins: 3 } as const;

export const isAgents = (speaker: number): boolean => (speaker & 1) === 1;
export const begins = (speaker: number): boolean => speaker >= SPEAKER.environmentBegins;

/** The names of the columns that a decoded chunk of texts has. */
export const TOKEN = 'token';
export const SPEAKER_COLUMN = 'speaker';

/**
 * Consecutive tokens of one episode of one slot, of both speakers, which begin with a text or an utterance. Its steps are the
 * agent's tokens: `length`, `offset` and `rewards` count these.
 */
export interface TokenChunk
  extends Omit<Chunk, 'observations' | 'actions' | 'priorities' | 'columns' | 'length'> {
  /** All of them, [tokens]. */
  readonly tokens: Int32Array;
  /** Who wrote each, as `SPEAKER` says, [tokens]. */
  readonly speakers: Uint8Array;
  /** Rewards of the agent's tokens, [length]. */
  readonly rewards: Float32Array;
}

/** The least number of tokens after which a chunk is closed, whoever wrote them. */
const LEAST_FULL = 1024;

/** The number of tokens after which a chunk is closed, whoever wrote them: what a learner reads at once is bounded. */
export const fullTokens = ({ context }: TokenSpec): number => Math.max(LEAST_FULL, context);

/** The most tokens of a chunk: it was not full, and got an utterance and its answer, each within the context. */
export const mostTokens = (spec: TokenSpec): number => fullTokens(spec) + 2 * spec.context;

/** How many tokens are the agent's. */
export function countAgents(speakers: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < speakers.length; i++) count += speakers[i] & 1;
  return count;
}

/** A chunk of texts as sampling takes it: actions are the agent's tokens, and columns have all tokens and their speakers. */
export function asChunk({ tokens, speakers, ...rest }: TokenChunk): Chunk {
  const actions = new Int32Array(countAgents(speakers));
  let t = 0;
  for (let i = 0; i < tokens.length; i++) if (isAgents(speakers[i])) actions[t++] = tokens[i];
  const columns: ColumnValues = { [TOKEN]: tokens, [SPEAKER_COLUMN]: speakers };
  return { ...rest, length: t, observations: new Uint8Array(0), actions, priorities: null, columns };
}

/** What `asChunk` made a chunk of. */
export function asTokenChunk({ observations: _, actions: __, priorities: ___, ...chunk }: Chunk): TokenChunk {
  const { columns, length: ____, ...rest } = chunk;
  return { ...rest, tokens: columns![TOKEN] as Int32Array, speakers: columns![SPEAKER_COLUMN] as Uint8Array };
}

/**
 * Checks what would never be trained on rightly.
 *
 * @throws ChunkError naming slot, episode and token.
 */
export function checkTokens(chunk: TokenChunk, spec: TokenSpec): void {
  const { vocabulary } = spec;
  const most = mostTokens(spec);
  const { tokens, speakers, rewards, offset } = chunk;
  const where = (i: number) => `slot ${chunk.slot}, episode ${chunk.episode}, token ${i} of a chunk`;
  const agents = countAgents(speakers);
  if (agents < 1 || tokens.length > most)
    throw new ChunkError(
      `A chunk of texts for a context of ${spec.context} has a token of the agent and at most ${most} tokens, not ` +
        `${agents} and ${tokens.length}.`,
    );
  if (speakers.length !== tokens.length || rewards.length !== agents)
    throw new ChunkError(
      `A chunk of ${tokens.length} tokens, ${agents} of them the agent's, has as many speakers and rewards, not ` +
        `${speakers.length} and ${rewards.length}.`,
    );
  if (!begins(speakers[0]) || (offset === 0 && isAgents(speakers[0])))
    throw new ChunkError(
      `A chunk begins with a text, an episode's first with the environment's (${where(0)}).`,
    );
  for (let i = 0; i < tokens.length; i++) {
    if (!(tokens[i] >= 0 && tokens[i] < vocabulary))
      throw new ChunkError(`Token ${tokens[i]} is outside 0 … ${vocabulary - 1} (${where(i)}).`);
    if (i > 0 && !begins(speakers[i]) && (speakers[i - 1] & 1) !== speakers[i])
      throw new ChunkError(`A speaker goes on with what another began (${where(i)}).`);
  }
  for (let t = 0; t < rewards.length; t++)
    if (!Number.isFinite(rewards[t]))
      throw new ChunkError(
        `Reward ${rewards[t]} is not finite (slot ${chunk.slot}, episode ${chunk.episode}, step ${offset + t}).`,
      );
}
