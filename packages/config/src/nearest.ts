import { distance } from 'fastest-levenshtein';

/**
 * ` Did you mean x?` for the likeliest of the known names, or else ` Known: a, b, c.`; starts with a space.
 *
 * @param prefix is put before the names that are shown.
 */
export function suggestion(name: string, known: readonly string[], prefix = ''): string {
  const wanted = name.toLowerCase();
  const near = known
    .map((candidate) => ({ candidate, edits: distance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= Math.max(2, candidate.length / 3) && edits < candidate.length)
    .sort((a, b) => a.edits - b.edits);
  if (near.length > 0) return ` Did you mean ${prefix}${near[0].candidate}?`;
  return ` Known: ${known.map((candidate) => prefix + candidate).join(', ')}.`;
}
