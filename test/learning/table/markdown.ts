import { Random } from '@qfleet/random';
import { interquartileMean, meanOf, standardError, stratifiedBootstrap } from '@qfleet/report';
import type { Line } from './envs.ts';
import type { Judged, Result } from './results.ts';

/** The results of a line's cells that are there, by their keys. */
export interface Row {
  readonly line: Line;
  readonly results: readonly Result[];
}

const HEADER = [
  'preset',
  'seeds',
  'frames',
  'last weights',
  'IQM',
  'best weights',
  'IQM',
  'goal',
  'crashes',
  'wall, CPU',
];

/** The table of all lines of which there is a result; what offline runs learned from has a column where there are any. */
export function table(rows: readonly Row[]): string {
  const made = rows.filter(({ results }) => results.length > 0);
  const isOffline = made.some(({ results }) => results.some(({ data }) => data !== undefined));
  const header = isOffline ? [...HEADER, 'data'] : HEADER;
  const cells = made.map((row) => (isOffline ? [...cellsOf(row), dataOf(row)] : cellsOf(row)));
  return [header, header.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** The mean return of what was learned from, over seeds. */
function dataOf({ results }: Row): string {
  const means = results.flatMap(({ data }) => data?.meanReturn ?? []);
  return means.length === 0 ? '–' : `${meanOf(means).toFixed(1)} ± ${(standardError(means) ?? 0).toFixed(1)}`;
}

/** What the figures were measured with: each combination that occurs. */
export function machines(rows: readonly Row[]): string[] {
  const said = rows.flatMap(({ results }) =>
    results
      .filter(({ fixed }) => fixed === null)
      .map(({ cpu, cores, versions: { qfleet, node, tensorflow } }) =>
        [
          `Qfleet ${qfleet}`,
          `Node ${node}`,
          ...(tensorflow ? [tensorflow] : []),
          `${cpu}, ${cores} cores`,
        ].join(', '),
      ),
  );
  return [...new Set(said)].sort();
}

function cellsOf({ line, results }: Row): string[] {
  const [{ preset, method, name, fixed, environment }] = results;
  const isTrained = fixed === null;
  const returnsOf = (which: 'last' | 'best') => [
    meanAndError(results.map((result) => result[which])),
    results.length > 1 ? iqm(results.map((result) => result[which])) : '–',
  ];
  const average = (field: 'wallSeconds' | 'cpuSeconds'): string => {
    const known = results.flatMap((result) => result[field] ?? []);
    return known.length === 0 ? '–' : `${meanOf(known).toFixed(0)} s`;
  };
  return [
    isTrained
      ? `\`${method ?? preset}\` (${environment})${name === undefined ? '' : ` ${name}`}`
      : `${preset}: ${fixed}`,
    String(results.length),
    isTrained ? thousands(meanOf(results.map(({ frames }) => frames))) : '–',
    ...returnsOf('last'),
    ...(isTrained ? returnsOf('best') : ['–', '–']),
    isTrained && line.goal !== null ? goalsMet(results, line.goal) : dataGoalsMet(results, line.dataGoal),
    crashes(results, isTrained),
    isTrained ? `${average('wallSeconds')}, ${average('cpuSeconds')}` : '–',
  ];
}

/** The mean and its standard error: over seeds, or over the episodes of a single one. */
function meanAndError(judged: readonly Judged[]): string {
  const values = judged.length > 1 ? meansOf(judged) : judged[0].returns;
  return `${meanOf(values).toFixed(1)} ± ${(standardError(values) ?? 0).toFixed(1)}`;
}

/** The interquartile mean over seeds, with the 95 % interval of a bootstrap, which always draws the same. */
function iqm(judged: readonly Judged[]): string {
  const random = new Random(Random.seed(0, 'bootstrap'));
  const means = meansOf(judged);
  const { low, high } = stratifiedBootstrap([means], interquartileMean, { uniform: () => random.uniform() });
  return `${interquartileMean(means).toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}]`;
}

/** How many seeds reach the goal, and how many of the evaluations in the last half of their training. */
function goalsMet(results: readonly Result[], goal: number): string {
  const reached = (which: 'last' | 'best'): number =>
    results.filter((result) => meanOf(result[which].returns) >= goal).length;
  const half = results.flatMap(({ curve, frames }) => curve.filter(([steps]) => steps > frames / 2));
  const good = half.filter(([, mean]) => mean >= goal).length;
  const share = half.length === 0 ? '' : `; ${((100 * good) / half.length).toFixed(0)} % of the last half`;
  return `≥ ${goal}: last ${reached('last')}, best ${reached('best')} of ${results.length}${share}`;
}

/** How many seeds reach the part of their own data's mean return that they should. */
function dataGoalsMet(results: readonly Result[], part: number | undefined): string {
  if (part === undefined) return '–';
  const reached = (which: 'last' | 'best'): number =>
    results.filter(({ data, ...judged }) => meanOf(judged[which].returns) >= part * data!.meanReturn).length;
  return `≥ ${part} × data: last ${reached('last')}, best ${reached('best')} of ${results.length}`;
}

function crashes(results: readonly Result[], isTrained: boolean): string {
  const share = (which: 'last' | 'best'): string | null => {
    const told = results.flatMap((result) => result[which].info?.['crashed'] ?? []);
    return told.length === 0 ? null : `${(100 * meanOf(told)).toFixed(0)} %`;
  };
  const [last, best] = [share('last'), share('best')];
  if (last === null || best === null) return '–';
  return isTrained ? `last ${last}, best ${best}` : last;
}

const meansOf = (judged: readonly Judged[]): number[] => judged.map(({ returns }) => meanOf(returns));

const thousands = (count: number): string => `${Math.round(count / 1000).toLocaleString('en')}k`;
