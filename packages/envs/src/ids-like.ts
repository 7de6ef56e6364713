import { distance } from 'fastest-levenshtein';

/** How many names are suggested at most. */
const MOST_SUGGESTED = 3;

/**
 * The ids that a name may have meant, the likeliest first: those that differ by a letter or two, with another version or
 * without one, or without what comes before the slash. None where it is like none of them.
 */
export function idsLike(name: string, ids: readonly string[]): string[] {
  const asked = plain(name);
  const near = ids
    .map((id) => {
      const names = [id, id.slice(id.indexOf('/') + 1)];
      return { id, apart: Math.min(...names.map((each) => apart(asked, plain(each)))) };
    })
    .filter((each) => each.apart <= Math.max(1, asked.length / 4))
    .sort((a, b) => a.apart - b.apart);
  return near.slice(0, MOST_SUGGESTED).map(({ id }) => id);
}

/** Letters that two names differ by; of one that only goes on where the other ends, one. */
const apart = (asked: string, known: string): number =>
  asked.length > 2 && known !== asked && known.startsWith(asked) ? 1 : distance(asked, known);

/** A name without its version, its case and its signs. */
const plain = (name: string): string =>
  name
    .toLowerCase()
    .replace(/-v\d+$/, '')
    .replaceAll(/[^a-z0-9]/g, '');
