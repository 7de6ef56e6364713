const MOST_SEEDS = 10_000;
const LARGEST_SEED = 0xffffffff;
const FORMS = `a range as 1..5, or a list as 1,2,7, of integers from 0 to ${LARGEST_SEED}`;

/**
 * The seeds that `1..5`, `1,2,7` or a list of numbers names.
 * @returns a text: why it names none, to follow what was read.
 */
export function readSeeds(said: unknown): number[] | string {
  const range = typeof said === 'string' ? /^\s*(\d+)\s*\.\.\s*(\d+)\s*$/.exec(said) : null;
  const seeds = range === null ? listed(said) : range.slice(1).map(Number);
  const areSeeds = seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed <= LARGEST_SEED);
  if (seeds.length === 0 || !areSeeds) return `is ${JSON.stringify(said)}; allowed: ${FORMS}.`;
  if (range === null) {
    return new Set(seeds).size === seeds.length
      ? seeds
      : `is ${JSON.stringify(said)}; allowed: each seed once.`;
  }
  const [first, last] = seeds;
  if (first > last) return `is ${said}; allowed: a range from low to high, as ${last}..${first}.`;
  if (last - first >= MOST_SEEDS) return `is ${said}; allowed: at most ${MOST_SEEDS} seeds.`;
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function listed(said: unknown): number[] {
  const parts = Array.isArray(said) ? said : typeof said === 'string' ? said.split(',') : [];
  return parts.map((part) =>
    typeof part === 'string' && !/^\s*\d+\s*$/.test(part) ? Number.NaN : Number(part),
  );
}
