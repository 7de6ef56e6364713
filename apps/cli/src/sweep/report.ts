import { join } from 'node:path';
import { toYaml } from '@qfleet/config';
import { meanOf, writeFileAtomically } from '@qfleet/report';
import {
  bestOf,
  type Plan,
  pendingJobs,
  type Ranked,
  type Results,
  ranking,
  type SweepDirectory,
} from '@qfleet/sweep';
import { suggest } from '../suggest.ts';
import { csv } from '../terminal/csv.ts';
import { clock, counted, returned, returnedAs, short, shown, style, table } from '../terminal/output.ts';

/** How a sweep stands: what is printed of it, and written into its directory. */
export interface Report {
  readonly sweep: SweepDirectory;
  readonly results: Results;
  readonly ranked: readonly Ranked[];
  /** The best setting of a finished sweep; null: it is not finished, or all cells failed. */
  readonly best: Ranked | null;
  readonly isFinished: boolean;
}

/** What a metric is, for people. */
const METRICS = {
  last: "each run's final evaluation, of its best checkpoint on fresh episodes",
  best: "each run's best evaluation while it trained",
} as const;

export function reportOf(sweep: SweepDirectory): Report {
  const results = sweep.readResults();
  const ranked = ranking(sweep.plan, results);
  const isFinished = pendingJobs(sweep.plan, results).length === 0;
  return { sweep, results, ranked, best: isFinished ? bestOf(sweep.plan, ranked) : null, isFinished };
}

/** Writes `results.csv`, and `best.yaml` of a finished sweep. */
export function writeReport(report: Report): void {
  const { sweep, best } = report;
  writeFileAtomically(join(sweep.path, 'results.csv'), `${reportCsv(report)}\n`);
  if (best !== null) writeFileAtomically(bestPath(sweep), bestYaml(sweep.plan, best));
}

const bestPath = ({ path }: SweepDirectory): string => join(path, 'best.yaml');

function bestYaml(plan: Plan, best: Ranked): string {
  const { config } = plan.cells[best.place * plan.seeds.length];
  const { name, metric } = plan.definition;
  return (
    `# The best of the ${plan.settings.length} settings of the sweep ${name}: ${settingText(best.setting)}\n` +
    `# Return ${figure(best)} over ${counted(best.results.length, 'seed')}, by ${METRICS[metric]}.\n${toYaml(config)}`
  );
}

/** A report for a terminal. */
export function reportTable(report: Report): string {
  const { sweep, ranked, best } = report;
  const { plan } = sweep;
  const fields = fieldsOf(plan);
  const halves = plan.rungs.length > 1;
  const head = ['', ...fields, ...(halves ? ['rung'] : []), 'return', 'seeds', 'steps', 'updates', 'time'];
  const rows = ranked.map((row, i) => [
    String(i + 1),
    ...fields.map((field) => valueText(row.setting[field])),
    ...(halves ? [`${row.rung + 1} of ${plan.rungs.length}`] : []),
    row === best ? style(['bold', 'green'], figure(row)) : figure(row),
    seedsText(plan, row),
    short(meanOf(row.results.map(({ envSteps }) => envSteps))),
    short(meanOf(row.results.map(({ updates }) => updates))),
    clock(meanOf(row.results.map(({ trainingSeconds }) => trainingSeconds))),
  ]);
  const right = [0, ...head.keys()].filter((column) => column !== head.indexOf('seeds'));
  return [
    `${plan.base.environment.id}: ${counted(plan.settings.length, 'setting')}, ${counted(plan.seeds.length, 'seed')} each`,
    '',
    ...(rows.length === 0
      ? ['Nothing has ended yet.']
      : [table([head.map((title) => style('dim', title)), ...rows], right), '', style('dim', notes(plan))]),
    ...failures(report),
    ...ending(report),
  ].join('\n');
}

function notes({ definition: { metric }, seeds, rungs }: Plan): string {
  const error = seeds.length > 1 ? ' ± the standard error of their mean' : '';
  return [
    `Return: the mean over seeds${error}, of ${METRICS[metric]}.`,
    'Steps, updates and time of training: means of the runs.',
    ...(rungs.length > 1 ? ['Settings that got to a higher rung stand above the others.'] : []),
  ].join('\n');
}

/** The first of several failures is told; the others are counted. */
function failures({ results, sweep }: Report): string[] {
  const failed = [...results.values()].filter(({ failure }) => failure !== null);
  if (failed.length === 0) return [];
  const [{ cell, failure }] = failed;
  return [
    style('yellow', `${counted(failed.length, 'cell')} failed. ${cell}: ${failure}`),
    `To train them again: ${suggest('sweep', shown(sweep.path), '--retry')}`,
  ];
}

function ending({ sweep, best, isFinished }: Report): string[] {
  const path = shown(sweep.path);
  if (!isFinished) return ['', `Not finished. To go on: ${suggest('sweep', path)}`];
  if (best === null) return [];
  return [
    '',
    'Next:',
    table([
      [`  ${suggest('train', shown(bestPath(sweep)))}`, style('dim', 'train the best setting')],
      [`  ${suggest('compare')} ${join(path, 'cells', '*/')}`, style('dim', 'intervals and curves')],
    ]),
  ];
}

/** A report as comma-separated values, a line a setting, the best first. */
export function reportCsv({ sweep: { plan }, ranked }: Report): string {
  const fields = fieldsOf(plan);
  const head = ['rank', ...fields, 'rung', 'seeds', 'failed', 'mean', 'standard_error'].concat([
    'env_steps',
    'updates',
    'training_seconds',
  ]);
  const rows = ranked.map((row, i) => [
    ...[i + 1, ...fields.map((field) => plainText(row.setting[field])), row.rung + 1],
    ...[row.results.length, row.failed, row.mean, row.error],
    meanOf(row.results.map(({ envSteps }) => envSteps)),
    meanOf(row.results.map(({ updates }) => updates)),
    meanOf(row.results.map(({ trainingSeconds }) => trainingSeconds)),
  ]);
  return csv([head, ...rows]);
}

/** A report as the one document of `--json`. */
export function reportDocument({ sweep, results, ranked, best, isFinished }: Report) {
  const { plan } = sweep;
  const { name, metric, strategy } = plan.definition;
  const seedOf = new Map(plan.cells.map(({ id, seed }) => [id, seed]));
  return {
    ...{ name, directory: sweep.path, environment: plan.base.environment.id, metric, strategy, isFinished },
    cells: plan.cells.length,
    failed: [...results.values()].filter(({ failure }) => failure !== null).length,
    settings: ranked.map((row) => ({
      ...{
        setting: row.setting,
        rung: row.rung + 1,
        mean: row.mean,
        standardError: row.error,
        failed: row.failed,
      },
      runs: row.results.map(({ rung, ...result }) => ({
        ...result,
        seed: seedOf.get(result.cell),
        runDirectory: sweep.runPath(result.cell),
      })),
    })),
    best: best && {
      ...{ setting: best.setting, mean: best.mean, standardError: best.error, config: bestPath(sweep) },
    },
  };
}

/** The fields that a plan varies, in its file's order. */
export const fieldsOf = ({ settings }: Plan): string[] => Object.keys(settings[0]);

/** A setting in words. */
export function settingText(setting: Ranked['setting']): string {
  const fields = Object.entries(setting).map(([field, value]) => `${field}=${valueText(value)}`);
  return fields.length === 0 ? 'the configuration as it is' : fields.join(' ');
}

/** A value with the digits that tell it from others. */
export function valueText(value: unknown): string {
  return typeof value === 'number' && !Number.isInteger(value)
    ? String(Number(value.toPrecision(4)))
    : plainText(value);
}

const plainText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A setting's mean with its standard error. */
export function figure({ mean, error }: Pick<Ranked, 'mean' | 'error'>): string {
  if (mean === null) return 'failed';
  return error === null ? returned(mean) : returnedAs(mean, error);
}

function seedsText({ seeds }: Plan, { results, failed }: Ranked): string {
  const ended =
    results.length === seeds.length ? String(seeds.length) : `${results.length} of ${seeds.length}`;
  return failed === 0 ? ended : `${ended}, ${failed} failed`;
}
