import { loadRunConfig, parseAs, parseYaml, type RunConfig } from '@qfleet/config';
import { definitionSchema, readDefinition } from '../src/definition.ts';
import { type CellResult, type Plan, planSweep } from '../src/index.ts';

/** CartPole's preset with so many updates. */
export const baseOf = (...overrides: string[]): RunConfig =>
  loadRunConfig({ preset: 'cartpole' }, ['stop.maxUpdates=900', ...overrides]);

/** The plan of a sweep's file, given as text. */
export const planOf = (text: string, base = baseOf()): Plan =>
  planSweep(readDefinition(parseYaml(text, 'sweep.yaml'), 'sweep.yaml'), base);

/** As a plan is made again from what a directory keeps. */
export const planAgain = ({ definition, base }: Plan): Plan =>
  planSweep(
    parseAs(definitionSchema, { value: JSON.parse(JSON.stringify(definition)), place: () => '' }),
    base,
  );

/** What came of a cell with a return; null: it failed. */
export const resultOf = (cell: string, rung: number, mean: number | null): CellResult => ({
  ...{ cell, rung, stopReason: mean === null ? 'failed' : 'maxUpdates' },
  ...{ updates: 900, envSteps: 1800, trainingSeconds: 2, wallSeconds: 3, last: mean, best: mean },
  failure: mean === null ? 'It diverged.' : null,
});
