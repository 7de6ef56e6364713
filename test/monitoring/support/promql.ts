import type { SyntaxNodeRef } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** The vector selectors in a PromQL expression, as `metric{label="value"}`. @throws where it is no PromQL. */
export function selectorsOf(expression: string): string[] {
  const selectors: string[] = [];
  parser.parse(expression).iterate({
    enter({ name, type, from, to }: SyntaxNodeRef) {
      if (type.isError) throw new Error(`No PromQL at ${from}: ${expression}`);
      if (name === 'VectorSelector') selectors.push(expression.slice(from, to));
    },
  });
  return selectors;
}

/** The metric of a selector. */
export const metricOf = (selector: string): string => selector.split('{', 1)[0].trim();
