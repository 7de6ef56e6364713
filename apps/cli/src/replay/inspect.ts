import { asTokenChunk, begins, type Chunk, isAgents, type StoredLayout, storedLayout } from '@qfleet/replay';
import { meanAndStd } from '@qfleet/training';
import { describePart } from '../check.ts';
import { bytes, integer, print, printJson, table } from '../terminal/output.ts';
import { readChunks } from './chunks.ts';
import { type OpenReplay, type ReplayTarget, withReplay } from './open.ts';

/** What is in a replay. Returns are undiscounted, of the episodes whose end is held. */
export interface ReplayContents {
  readonly run: string;
  readonly layout: Pick<
    StoredLayout,
    'observationShape' | 'observationDType' | 'observationParts' | 'tokens'
  >;
  readonly chunks: {
    readonly held: number;
    readonly oldest: number;
    readonly newest: number;
    readonly refused: number;
  };
  /** Steps: of texts, the agent's tokens. */
  readonly transitions: {
    readonly held: number;
    readonly inserted: number;
    readonly evicted: number;
    readonly sampled: number;
  };
  /** Of texts: the tokens that are held, of both speakers, and the utterances and texts that they make. */
  readonly texts?: { readonly tokens: number; readonly utterances: number; readonly environment: number };
  /** Bytes of the chunks, of the whole replay on Redis, and of all that this Redis holds. */
  readonly bytes: {
    readonly chunks: number;
    readonly replay: number;
    readonly redis: number;
    readonly perTransition: number;
  };
  readonly writers: number;
  readonly slots: number;
  readonly weightsVersions: { readonly oldest: number; readonly newest: number } | null;
  readonly episodes: { readonly ended: number; readonly terminated: number; readonly truncated: number };
  readonly returns: {
    readonly mean: number;
    readonly std: number;
    readonly min: number;
    readonly max: number;
  } | null;
}

/** `qfleet replay inspect`. */
export async function inspect(where: string, options: ReplayTarget & { json?: true }): Promise<void> {
  const contents = await withReplay(where, options, inspectReplay);
  await (options.json ? printJson(contents) : print(describe(contents)));
}

export async function inspectReplay(replay: OpenReplay): Promise<ReplayContents> {
  const writers = new Set<string>();
  const slots = new Set<string>();
  const returns: number[] = [];
  const texts = { tokens: 0, utterances: 0, environment: 0 };
  let refused = 0;
  let terminated = 0;
  let [oldestVersion, newestVersion] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const portions = readChunks(replay, () => {
    refused++;
  });
  for await (const portion of portions) {
    for (const { chunk } of portion) {
      writers.add(chunk.writer);
      slots.add(`${chunk.slot} ${chunk.writer}`);
      oldestVersion = Math.min(oldestVersion, chunk.weightsVersion);
      newestVersion = Math.max(newestVersion, chunk.weightsVersion);
      if (replay.layout.tokens !== undefined) count(chunk, texts);
      if (chunk.end === 'continues') continue;
      returns.push(chunk.episodeReturn);
      if (chunk.end === 'terminated') terminated++;
    }
  }
  const [standing, { replayBytes, redisBytes }] = await Promise.all([
    replay.store.standing(),
    replay.memory(),
  ]);
  const { oldest, newest, transitions } = standing;
  const { observationShape, observationDType, observationParts, tokens } = storedLayout(replay.layout);
  return {
    run: replay.run,
    layout: {
      ...{ observationShape, observationDType },
      ...(observationParts ? { observationParts } : {}),
      ...(tokens ? { tokens } : {}),
    },
    chunks: { held: newest - oldest + 1, oldest, newest, refused },
    transitions: {
      held: transitions,
      inserted: standing.insertedTotal,
      evicted: standing.evictedTotal,
      sampled: standing.sampledTotal,
    },
    ...(tokens ? { texts } : {}),
    bytes: {
      chunks: standing.bytes,
      replay: replayBytes,
      redis: redisBytes,
      perTransition: transitions > 0 ? replayBytes / transitions : 0,
    },
    writers: writers.size,
    slots: slots.size,
    weightsVersions: writers.size > 0 ? { oldest: oldestVersion, newest: newestVersion } : null,
    episodes: { ended: returns.length, terminated, truncated: returns.length - terminated },
    returns: statistics(returns),
  };
}

/** Adds what a chunk of texts holds. */
function count(chunk: Chunk, texts: { tokens: number; utterances: number; environment: number }): void {
  const { tokens, speakers } = asTokenChunk(chunk);
  texts.tokens += tokens.length;
  for (const speaker of speakers) {
    if (!begins(speaker)) continue;
    if (isAgents(speaker)) texts.utterances++;
    else texts.environment++;
  }
}

function statistics(values: readonly number[]): ReplayContents['returns'] {
  if (values.length === 0) return null;
  let [min, max] = [values[0], values[0]];
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { ...meanAndStd(values), min, max };
}

function describe(contents: ReplayContents): string {
  const { chunks, transitions, texts, episodes, returns, weightsVersions } = contents;
  const { observationDType, observationShape, observationParts = [], tokens } = contents.layout;
  const steps = tokens === undefined ? 'transitions' : "agent's tokens";
  const number = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 2 });
  const rows: [string, string][] = [
    ['run', contents.run],
    tokens === undefined
      ? ['observation', `${observationDType}[${observationShape.join(',')}]`]
      : [
          'texts',
          `${integer(tokens.vocabulary)} tokens (tokenizer ${tokens.tokenizer}), ${integer(tokens.context)} at once`,
        ],
    ...observationParts.map((part): [string, string] => ['', describePart(part)]),
    [
      steps,
      `${integer(transitions.held)} held of ${integer(transitions.inserted)} inserted; ` +
        `${integer(transitions.evicted)} evicted, ${integer(transitions.sampled)} sampled`,
    ],
    ...(texts
      ? [
          [
            'with all texts',
            `${integer(texts.tokens)} tokens: ${integer(texts.utterances)} utterances and ${integer(texts.environment)} texts ` +
              'of the environment',
          ] as [string, string],
        ]
      : []),
    [
      'chunks',
      `${integer(chunks.held)}, ${integer(chunks.oldest)} … ${integer(chunks.newest)}` +
        (chunks.refused > 0 ? `; ${integer(chunks.refused)} can't be read` : ''),
    ],
    [
      'memory',
      `${bytes(contents.bytes.replay)} on Redis (${number(contents.bytes.perTransition)} bytes ` +
        `${tokens === undefined ? 'a transition' : "for each of the agent's tokens"}), ` +
        `of ${bytes(contents.bytes.redis)} that it uses`,
    ],
    ['written by', `${integer(contents.writers)} writers in ${integer(contents.slots)} slots`],
    [
      'weights',
      weightsVersions
        ? `versions ${integer(weightsVersions.oldest)} … ${integer(weightsVersions.newest)}`
        : 'none',
    ],
    [
      'episodes',
      `${integer(episodes.ended)} ended: ${integer(episodes.terminated)} terminated, ` +
        `${integer(episodes.truncated)} truncated`,
    ],
  ];
  if (returns)
    rows.push([
      'returns',
      `mean ${number(returns.mean)}, std ${number(returns.std)}, ${number(returns.min)} … ${number(returns.max)}`,
    ]);
  return table(rows);
}
