import { ConfigError, type Parsed, type RunConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import { type Cell, cellsOf } from './cells.ts';
import { MOST_CELLS, type Strategy, type SweepDefinition } from './definition.ts';
import { type Dimension, readDimension } from './dimension.ts';
import type { Rung } from './halving.ts';
import { budgetField, halvingRungs } from './halving-budget.ts';
import { drawSettings, gridOf, type Setting, type Space, sizeOf } from './space.ts';

/** All that a sweep may train: the same for the same definition and base, on every machine. */
export interface Plan {
  readonly definition: SweepDefinition;
  /** The configuration from which the cells differ. */
  readonly base: RunConfig;
  readonly settings: readonly Setting[];
  readonly seeds: readonly number[];
  /** The cells of all settings, one setting after the other. */
  readonly cells: readonly Cell[];
  /** At least one. */
  readonly rungs: readonly Rung[];
}

/**
 * The plan of a sweep.
 *
 * @param base what it trains, with what its definition sets for all cells.
 * @throws ConfigError where there is nothing to vary, or what would be trained is not right.
 */
export function planSweep(parsed: Parsed<SweepDefinition>, base: RunConfig): Plan {
  const { value: definition, refuse } = parsed;
  const { strategy } = definition;
  const settings = settingsOf(definition, spaceOf(parsed), refuse);
  const seeds = definition.seeds ?? [base.seed];
  if (settings.length * seeds.length > MOST_CELLS) {
    throw refuse([
      {
        path: ['space'],
        text: `makes ${settings.length} settings with ${seeds.length} seeds; allowed: at most ${MOST_CELLS} cells.`,
      },
    ]);
  }
  const known = new Set<string>();
  const distinct: Setting[] = [];
  const cells: Cell[] = [];
  for (const setting of settings) {
    const made = cellsIn(parsed, base, setting, distinct.length, seeds);
    // Two settings may say the same of a part.
    if (known.has(made[0].id)) continue;
    known.add(made[0].id);
    distinct.push(setting);
    cells.push(...made);
  }
  if (cells.length === 1) {
    throw refuse([{ path: ['space'], text: 'leaves a single cell: name values to vary, or seeds.' }]);
  }
  const rungs =
    strategy.kind === 'halving'
      ? halvingRungs(strategy, distinct.length, cells, refuse)
      : [{ settings: distinct.length, budget: null }];
  return { definition, base, settings: distinct, seeds, cells, rungs };
}

type Refuse = Parsed<SweepDefinition>['refuse'];

function spaceOf({ value: { space, set, strategy }, refuse }: Parsed<SweepDefinition>): Space {
  const read = new Map<string, Dimension>();
  const problems: Parameters<Refuse>[0][number][] = [];
  for (const [field, said] of Object.entries(space)) {
    const dimension = readDimension(said);
    const why = typeof dimension === 'string' ? dimension : misplaced(field, set, strategy);
    if (why !== null) problems.push({ path: ['space', field], text: why });
    else read.set(field, dimension as Dimension);
  }
  if (problems.length > 0) throw refuse(problems);
  return read;
}

/** Why a field is not to be varied; null: it is. */
function misplaced(field: string, set: SweepDefinition['set'], strategy: Strategy): string | null {
  if (field === 'seed') return 'is no part of a space: name seeds under seeds.';
  if (field in set) return 'stands under set, too: leave one of the two out.';
  const isBudget = strategy.kind === 'halving' && ['stop', `stop.${budgetField(strategy)}`].includes(field);
  return isBudget ? 'holds the budget of which the rungs of halving are parts: put it under set.' : null;
}

function settingsOf({ strategy }: SweepDefinition, space: Space, refuse: Refuse): Setting[] {
  const size = sizeOf(space);
  if (strategy.kind === 'grid' || strategy.count === null) {
    const ranges = [...space].filter(([, { kind }]) => kind === 'uniform' || kind === 'logUniform');
    if (ranges.length > 0) {
      const instead =
        strategy.kind === 'grid' ? 'take strategy random' : 'say with strategy.count how many to draw';
      throw refuse(
        ranges.map(([field, { kind }]) => ({
          path: ['space', field],
          text: `is ${kind}, which has no list of values for a grid: name values, or ${instead}.`,
        })),
      );
    }
    if (size > MOST_CELLS) {
      throw refuse([{ path: ['space'], text: `has ${size} settings; allowed: at most ${MOST_CELLS}.` }]);
    }
    return gridOf(space);
  }
  const { count, seed } = strategy;
  if (count > size) {
    throw refuse([
      {
        path: ['strategy', 'count'],
        text: `is ${count}, and the space has ${size} settings: take strategy grid.`,
      },
    ]);
  }
  return drawSettings(space, count, new Random(Random.seed(seed, 'sweep')));
}

/** @throws ConfigError whose problems stand where the field that they name does. */
function cellsIn(
  { value: { space }, place }: Parsed<SweepDefinition>,
  ...[base, setting, at, seeds]: Parameters<typeof cellsOf>
): Cell[] {
  try {
    return cellsOf(base, setting, at, seeds);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const placeOf = (problem: string): string => {
      const field = Object.keys(space).find((name) => problem.startsWith(name));
      return place(field === undefined ? ['space'] : ['space', field]);
    };
    throw new ConfigError(error.problems.map((problem) => `${placeOf(problem)}${problem}`));
  }
}
