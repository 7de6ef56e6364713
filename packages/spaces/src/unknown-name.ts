import { closest, distance } from 'fastest-levenshtein';

/** That `what` has no such name, and which one was meant. */
export function unknownName(what: string, kind: string, name: string, known: readonly string[]): string {
  const nearest = closest(name, known);
  const meant = distance(name, nearest) <= name.length / 2 ? `did you mean ${nearest}? It` : 'it';
  return `${what} has no ${kind} ${name}: ${meant} takes ${known.join(', ')}.`;
}
