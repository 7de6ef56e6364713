/** Two tokens that are merged into one, by their numbers. */
type Pair = readonly [left: number, right: number];

/** What a word was cut into so far, and how often the word occurs. */
interface Word {
  tokens: number[];
  readonly count: number;
}

/** A byte-pair encoding: tokens by number, and the pairs that are merged, the most frequent first. */
export interface BytePairs {
  readonly tokens: readonly string[];
  readonly merges: readonly (readonly [string, string])[];
}

/**
 * Learns a byte-pair encoding (Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016,
 * algorithm 1): the pair of neighbours that is most frequent in words becomes a token, again and again. Of equally frequent
 * ones it is that with the lowest numbers, as Hugging Face's trainer chooses.
 *
 * @param words how often each word occurs; its characters are among `first`.
 * @param first the tokens that there are at the beginning.
 * @param size how many tokens there are at most; fewer where the words have no pairs left.
 */
export function learnBytePairs(
  words: ReadonlyMap<string, number>,
  first: readonly string[],
  size: number,
): BytePairs {
  const tokens = [...first];
  const numbers = new Map(tokens.map((token, i) => [token, i]));
  const cut = Array.from(words, ([word, count]): Word => {
    return { tokens: Array.from(word, (character) => numbers.get(character)!), count };
  });
  const counts = new PairCounts();
  for (const word of cut) counts.add(word);
  const merges: [string, string][] = [];
  while (tokens.length < size) {
    const most = counts.most();
    if (most === null) break;
    const [left, right] = most.pair;
    const merged = tokens[left] + tokens[right];
    merges.push([tokens[left], tokens[right]]);
    // Another pair may have made the same token before.
    const number = numbers.get(merged) ?? tokens.push(merged) - 1;
    numbers.set(merged, number);
    for (const word of [...most.words]) {
      counts.remove(word);
      word.tokens = mergedWord(word.tokens, left, right, number);
      counts.add(word);
    }
  }
  return { tokens, merges };
}

/** The tokens of a word with a pair merged, from the left on. */
function mergedWord(tokens: readonly number[], left: number, right: number, into: number): number[] {
  const merged: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const isPair = tokens[i] === left && tokens[i + 1] === right;
    merged.push(isPair ? into : tokens[i]);
    if (isPair) i++;
  }
  return merged;
}

interface PairCount {
  readonly pair: Pair;
  /** Over all words. */
  count: number;
  /** Those that have it. */
  readonly words: Set<Word>;
}

/** Numbers of tokens are below it. */
const LIMIT = 2 ** 26;

/** How often each pair of neighbours occurs, and in which words. */
class PairCounts {
  readonly #counts = new Map<number, PairCount>();

  add(word: Word): void {
    for (const { pair, key } of pairsOf(word)) {
      let count = this.#counts.get(key);
      if (count === undefined) {
        count = { pair, count: 0, words: new Set() };
        this.#counts.set(key, count);
      }
      count.count += word.count;
      count.words.add(word);
    }
  }

  remove(word: Word): void {
    for (const { key } of pairsOf(word)) {
      const count = this.#counts.get(key);
      if (count === undefined) continue;
      count.count -= word.count;
      count.words.delete(word);
      if (count.count === 0) this.#counts.delete(key);
    }
  }

  /** The most frequent pair, the one with the lowest numbers of several; null: there is none. */
  most(): PairCount | null {
    let most: PairCount | null = null;
    for (const each of this.#counts.values()) {
      if (most === null || each.count > most.count || (each.count === most.count && isBefore(each, most)))
        most = each;
    }
    return most;
  }
}

const isBefore = ({ pair: a }: PairCount, { pair: b }: PairCount): boolean =>
  a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

function pairsOf({ tokens }: Word): { readonly pair: Pair; readonly key: number }[] {
  return tokens.slice(1).map((right, i) => ({ pair: [tokens[i], right], key: tokens[i] * LIMIT + right }));
}
