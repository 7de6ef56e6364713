import type { ExplorationConfig } from '@qfleet/config';
import { epsilonGreedy } from './epsilon-greedy.ts';
import type { Selector } from './selector.ts';
import { softmax } from './softmax.ts';

/** The configuration of a selector. */
export type SelectorConfig = ExplorationConfig['selector'];
type SelectorOf<Kind> = Extract<SelectorConfig, { kind: Kind }>;

/** The selectors by the `kind` of their configuration. */
const SELECTORS: { readonly [Kind in SelectorConfig['kind']]: (config: SelectorOf<Kind>) => Selector } = {
  'epsilon-greedy': () => epsilonGreedy,
  softmax: ({ temperature }) => softmax(temperature),
};

/** The selector of a configuration. */
export function createSelector<Kind extends SelectorConfig['kind']>(
  config: SelectorOf<Kind> & { kind: Kind },
): Selector {
  return SELECTORS[config.kind](config);
}
