import { type Interval, meanOf } from '@qfleet/report';
import { csv } from '../terminal/csv.ts';
import { clock, returned, short, style, table } from '../terminal/output.ts';
import type { ComparedGroup, Comparison } from './comparison.ts';

/** A comparison for a terminal. */
export function comparisonTable({ environment, goal, groups, improvements }: Comparison): string {
  const solved = goal === null ? '' : `, solved at ${goal}`;
  const titles = ['', 'runs', 'IQM', '95 % interval', 'mean', 'steps', 'time'];
  const gapTitles = goal === null ? [] : ['gap', '95 % interval'];
  const rows = groups.map((group) => [
    style('bold', group.name),
    String(group.runs.length),
    returned(group.iqm.value),
    range(group.iqm.interval, returned),
    returned(group.mean),
    short(meanOf(group.runs.map(({ envSteps }) => envSteps))),
    clock(meanOf(group.runs.map(({ trainingSeconds }) => trainingSeconds))),
    ...(group.optimalityGap === null
      ? []
      : [returned(group.optimalityGap.value), range(group.optimalityGap.interval, returned)]),
  ]);
  const head = [...titles, ...gapTitles].map((title) => style('dim', title));
  return [
    `${environment}${solved}: the return of each run's final evaluation`,
    '',
    table([head, ...rows], [1, 2, 4, 5, 6, 7]),
    ...(improvements.length === 0 ? [] : ['', improvementTable(improvements)]),
    '',
    style('dim', notes(goal, groups)),
  ].join('\n');
}

function improvementTable(improvements: Comparison['improvements']): string {
  const head = ['a run of', 'scores higher than one of', 'probability', '95 % interval'];
  const fraction = (value: number): string => value.toFixed(2);
  const rows = improvements.map(({ group, over, value, interval }) => [
    style('bold', group),
    over,
    fraction(value),
    range(interval, fraction),
  ]);
  return table([head.map((title) => style('dim', title)), ...rows], [2]);
}

function notes(goal: number | null, groups: readonly ComparedGroup[]): string {
  return [
    'IQM: the mean of the middle half of the runs. Steps and time: means of the runs.',
    ...(goal === null ? [] : [`Gap: by how much runs fall short of ${goal}, on average.`]),
    ...(groups.some(({ runs }) => runs.length < 2)
      ? ['A single run has no interval: train others with another --seed.']
      : []),
  ].join('\n');
}

const range = (interval: Interval | null, text: (value: number) => string): string =>
  interval === null ? '–' : `${text(interval.low)} to ${text(interval.high)}`;

/** A comparison as comma-separated values, a line a group; a cell is empty where there is no such figure. */
export function comparisonCsv({ groups }: Comparison): string {
  const head = ['group', 'runs', 'mean', 'iqm', 'iqm_low', 'iqm_high']
    .concat(['optimality_gap', 'optimality_gap_low', 'optimality_gap_high'])
    .concat(['env_steps', 'training_seconds']);
  const rows = groups.map(({ name, runs, mean, iqm, optimalityGap }) => [
    ...[name, runs.length, mean, iqm.value, iqm.interval?.low, iqm.interval?.high],
    ...[optimalityGap?.value, optimalityGap?.interval?.low, optimalityGap?.interval?.high],
    ...[meanOf(runs.map(({ envSteps }) => envSteps)), meanOf(runs.map((run) => run.trainingSeconds))],
  ]);
  return csv([head, ...rows]);
}
