import { distance } from 'fastest-levenshtein';

/**
 * ` Did you mean x?` for the likeliest of the known names, or else ` Known: a, b, c.`; starts with a space.
 *
 * @param prefix is put before the names that are shown.
 */
export function suggestion(name: string, known: readonly string[], prefix = ''): string {
  const [near] = nearest(name, known);
  if (near !== undefined) return ` Did you mean ${prefix}${near}?`;
  return ` Known: ${known.map((candidate) => prefix + candidate).join(', ')}.`;
}

/** Whether a name is likely a misspelt one of those that are known. */
export const isLike = (name: string, known: readonly string[]): boolean => nearest(name, known).length > 0;

/** The known names that are like one, the likeliest first. */
function nearest(name: string, known: readonly string[]): string[] {
  const wanted = name.toLowerCase();
  return known
    .map((candidate) => ({ candidate, edits: distance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(2, candidate.length / 3) && edits < candidate.length)
    .sort((a, b) => a.edits - b.edits)
    .map(({ candidate }) => candidate);
}
