import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownChild } from '../contest/contestant.ts';
import { compare, median, type Rounds, rowsAgainst } from '../contest/rounds.ts';
import { programBeside } from '../program-beside.ts';
import { type BenchRow, benchRow } from '../row.ts';
import { type DecoderCase, ONE_MILLION, TEN_MILLION, writeDecoder } from './cases.ts';
import type { GenerationChildOptions } from './generation-child.ts';
import type { LanguagePeer } from './peer.ts';
import { measureStart } from './start.ts';
import { measureTraining, type TrainingBench } from './training.ts';

/** What is measured, and for how long. */
export interface LanguageBench {
  readonly decoder: DecoderCase;
  /** The decoder whose start is measured. */
  readonly starting: DecoderCase;
  /** Tokens that each dialogue is given. */
  readonly tokens: number;
  /** How many dialogues go on side by side, and the ratio to the peer that is to be reached. */
  readonly sizes: readonly { readonly dialogues: number; readonly goal: number }[];
  /** The dialogues that are also generated without a cache. */
  readonly uncached: number;
  readonly training: TrainingBench;
  /** Milliseconds of measuring a figure of generation, and the turns in which that is done. */
  readonly milliseconds: number;
  readonly rounds: number;
}

const BENCH: LanguageBench = {
  ...{ decoder: TEN_MILLION, starting: ONE_MILLION, tokens: 256 },
  sizes: [
    { dialogues: 1, goal: 1.5 },
    { dialogues: 8, goal: 1.5 },
    { dialogues: 64, goal: 1.2 },
  ],
  training: { rows: 16, length: 128, milliseconds: 60_000, rounds: 6 },
  ...{ uncached: 8, milliseconds: 9000, rounds: 3 },
};

/** How much faster a cache should make it. */
const CACHE_GOAL = 10;

const ON_TENSORFLOW = 'the same on libtensorflow';
const WITHOUT_CACHE = 'the same without a cache';

/**
 * Tokens a second of a decoder that is trained, and that generates for dialogues side by side, held in turns against a
 * peer, and against itself without a cache; and how soon a small one has generated its first token, in how much memory.
 */
export async function benchLanguage(
  peer: LanguagePeer | null = null,
  { decoder, starting, tokens, sizes, uncached, training, milliseconds, rounds }: LanguageBench = BENCH,
): Promise<BenchRow[]> {
  const directory = await mkdtemp(join(tmpdir(), 'qfleet-bench-language-'));
  try {
    const rows: BenchRow[] = [];
    writeDecoder(directory, decoder);
    rows.push(...(await measureTraining(decoder.name, directory, peer, training)));
    for (const { dialogues, goal } of sizes) {
      const ours = (isCached: boolean, by: GenerationChildOptions['by'] = 'kernel') =>
        ownChild(programBeside('generation-child', import.meta.url), {
          ...{ directory, dialogues, tokens, isCached, by },
        } satisfies GenerationChildOptions);
      const goals = new Map<string, number | null>();
      const contestants = { ours: ours(true) };
      const references = new Map(
        peer === null ? [] : [[peer.name, peer.generation(directory, dialogues, tokens)]],
      );
      if (peer !== null) goals.set(peer.name, goal);
      // There may be none here.
      references.set(ON_TENSORFLOW, { ...ours(true, 'libtensorflow'), optional: true });
      goals.set(ON_TENSORFLOW, null);
      if (dialogues === uncached) {
        references.set(WITHOUT_CACHE, ours(false));
        goals.set(WITHOUT_CACHE, CACHE_GOAL);
      }
      const figures = await compare(
        { ...contestants, ...Object.fromEntries(references) },
        milliseconds,
        rounds,
      );
      const title = `${decoder.name}, ${tokens} tokens, ${dialogues} ${dialogues === 1 ? 'dialogue' : 'dialogues'}`;
      rows.push(...tokenRows(title, goals, figures));
    }
    writeDecoder(directory, starting);
    rows.push(...(await measureStart(starting.name, directory, peer)));
    return rows;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Microseconds a token as tokens a second: a row for each reference, or one without any. */
function tokenRows(name: string, goals: ReadonlyMap<string, number | null>, figures: Rounds): BenchRow[] {
  const perSecond = (microseconds: number) => 1e6 / microseconds;
  const unit = 'tokens/s';
  const rows = rowsAgainst(name, 'ours', [...goals.keys()], figures).map((row) => {
    const goal = goals.get(row.reference!) ?? null;
    return {
      ...row,
      ...{ unit, value: perSecond(row.value), referenceValue: perSecond(row.referenceValue!) },
      ...(goal === null ? {} : { goal }),
    };
  });
  return rows.length > 0 ? rows : [benchRow(name, perSecond(median(figures.get('ours')!)), unit)];
}
