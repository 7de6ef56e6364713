import { expect } from 'vitest';
import { boundEpisodes, returnOf, type TextDefinition, type TextEpisode } from '../../src/index.ts';

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, each) => sum + each, 0) / values.length;

/** The standard error of a mean. */
function standardError(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)) / (values.length - 1));
}

/** Expects that the mean of `values` is `expected`, within four standard errors. */
export function expectMean(values: readonly number[], expected: number): void {
  const error = standardError(values);
  expect(Math.abs(mean(values) - expected), `mean ${mean(values)} ± ${error}, not ${expected}`).toBeLessThan(
    4 * error,
  );
}

/** Expects that texts survive the tokenizer, utterances fit and are legal, and that the context holds what is read. */
export function expectFits({ turns }: TextEpisode, definition: TextDefinition): void {
  const { tokenizer, longestUtterance, legal, context, history } = definition;
  const lengths: number[] = [];
  for (const { who, text } of turns) {
    const tokens = tokenizer.encode(text);
    expect(tokenizer.decode(tokens)).toBe(text);
    if (who === 'agent') {
      tokens.push(tokenizer.end);
      expect(tokens.length, text).toBeLessThanOrEqual(longestUtterance);
      const read = lengths.slice(history === null ? 0 : -history).reduce((sum, each) => sum + each, 0);
      expect(read + tokens.length).toBeLessThanOrEqual(context);
      const illegal = tokens.findIndex((token, i) => !(legal?.(tokens.slice(0, i)).includes(token) ?? true));
      expect(illegal, text).toBe(-1);
    }
    lengths.push(tokens.length);
  }
}

/** The returns of a task's bound from each of its starts, or in so many episodes. */
export function boundReturns(definition: TextDefinition, episodes = definition.starts ?? 0): number[] {
  return [...boundEpisodes(definition, 1, episodes)].map((episode, i) => {
    if (i < 50) expectFits(episode, definition);
    return returnOf(episode);
  });
}
