import {
  ConfigError,
  endsAtMaxUpdates,
  learningBegins,
  type Parsed,
  type RunConfig,
  withOverrides,
} from '@qfleet/config';
import type { Cell } from './cells.ts';
import type { Strategy } from './definition.ts';
import { mostRungs, type Rung, rungsOf } from './halving.ts';

type Halving = Extract<Strategy, { kind: 'halving' }>;

/** The field of a run's configuration that a rung's budget is. */
export const budgetField = ({ unit }: Halving): 'maxUpdates' | 'maxSteps' =>
  unit === 'updates' ? 'maxUpdates' : 'maxSteps';

/**
 * The rungs that a sweep by successive halving has: the last one's budget is that of the cells' configurations.
 * @throws ConfigError where there are too few settings, or where a cell can't be trained in such rungs.
 */
export function halvingRungs(
  strategy: Halving,
  settings: number,
  cells: readonly Cell[],
  refuse: Parsed<unknown>['refuse'],
): Rung[] {
  const { factor, unit } = strategy;
  const field = `stop.${budgetField(strategy)}`;
  const wrong = (name: string, text: string): ConfigError => refuse([{ path: ['strategy', name], text }]);
  if (settings < factor) {
    throw wrong(
      'factor',
      `is ${factor}, and there are ${settings} settings: halving takes at least as many.`,
    );
  }
  const most = mostRungs(settings, factor);
  const count = strategy.rungs ?? most;
  if (count > most) {
    throw wrong(
      'rungs',
      `is ${count}, and ${settings} settings by a factor of ${factor} make at most ${most}.`,
    );
  }
  const [{ config }] = cells;
  const budget = config.stop[budgetField(strategy)];
  if (budget === null) {
    throw wrong('unit', `is ${unit}, and ${field} is null: set it, for the rungs are parts of it.`);
  }
  if (budget < factor ** (count - 1)) {
    throw wrong('rungs', `is ${count}, for which ${field}, ${budget}, is too small.`);
  }
  const rungs = rungsOf(settings, factor, count, budget);
  for (const { config } of cells) {
    const why = unsuited(config, strategy, rungs[0].budget!);
    if (why !== null) throw wrong('unit', why);
  }
  return rungs;
}

/** Why a run can't be trained up to a first rung of such a budget; null: it can. */
function unsuited(config: RunConfig, strategy: Halving, budget: number): string | null {
  if (strategy.unit === 'updates') {
    const tied = endsAtMaxUpdates(config);
    if (tied !== null)
      return `is updates, with which rungs would move stop.maxUpdates, and ${tied}: take steps.`;
  } else {
    const { transitions, fields } = learningBegins(config);
    if (budget <= transitions) {
      return `is steps, of which the first rung has ${budget}, before learning begins at ${transitions} (${fields}): take fewer rungs.`;
    }
  }
  try {
    withOverrides(config, [`stop.${budgetField(strategy)}=${budget}`]);
    return null;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return `is ${strategy.unit}, of which the first rung has ${budget}, and ${error.problems[0]}`;
  }
}
