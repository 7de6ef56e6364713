import { Random } from '@qfleet/random';
import { interquartileMean, meanOf, standardError, stratifiedBootstrap } from '@qfleet/report';
import type { Line } from './line.ts';
import { peers } from './peers.ts';
import type { Judged, Result } from './results.ts';

/** The results of a line's cells that are there. */
export interface Row {
  readonly line: Line;
  readonly results: readonly Result[];
}

/** What a cell of the table knows: its row, and those that it may be compared with. */
interface Context extends Row {
  readonly digits: number;
  readonly rows: readonly Row[];
}

/** The weights, and how they are judged. */
type Which = 'last' | 'best' | 'greedy';

interface Column {
  readonly title: string;
  readonly text: (context: Context) => string;
}

const NOTHING = '–';

const COLUMNS: readonly Column[] = [
  { title: 'preset', text: ({ results }) => nameOf(results[0]) },
  { title: 'data', text: dataOf },
  { title: 'seeds', text: ({ results }) => String(results.length) },
  {
    title: 'frames',
    text: ofTrained(({ results }) => thousands(meanOf(results.map(({ frames }) => frames)))),
  },
  { title: 'last weights', text: (context) => meanAndError(context, 'last') },
  { title: 'IQM', text: (context) => iqm(context, 'last') },
  { title: 'best weights', text: ofTrained((context) => meanAndError(context, 'best')) },
  { title: 'IQM', text: ofTrained((context) => iqm(context, 'best')) },
  { title: 'best weights, likeliest tokens', text: greedy },
  { title: 'nats from the language model', text: distance },
  { title: 'goal', text: ofTrained(goalsMet) },
  { title: 'to the goal', text: ofTrained(timeToGoal) },
  { title: 'crashes', text: crashes },
  {
    title: 'wall, CPU',
    text: ofTrained(({ results }) => `${average(results, 'wallSeconds')}, ${average(results, 'cpuSeconds')}`),
  },
  { title: 'its time ÷ ours', text: timeBeside },
];

/** The columns of the readme's table. */
const BRIEF = ['preset', 'seeds', 'last weights', 'to the goal', 'wall, CPU', 'its time ÷ ours'];

interface TableOptions {
  /** Digits of returns behind the point; default 1. */
  readonly digits?: number | undefined;
  /** Fewer columns. */
  readonly isBrief?: boolean;
}

/** The table of all lines of which there is a result, without the columns that tell nothing of any. */
export function table(all: readonly Row[], { digits = 1, isBrief = false }: TableOptions = {}): string {
  const rows = all.filter(({ results }) => results.length > 0);
  const columns = COLUMNS.filter(({ title }) => !isBrief || BRIEF.includes(title))
    .map(({ title, text }) => ({ title, texts: rows.map((row) => text({ ...row, digits, rows })) }))
    .filter(({ texts }) => texts.some((text) => text !== NOTHING));
  const lines = [
    columns.map(({ title }) => title),
    columns.map(() => '---'),
    ...rows.map((_, i) => columns.map(({ texts }) => texts[i])),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What the figures were measured with: each combination that occurs. */
export function machines(rows: readonly Row[]): string[] {
  const said = rows.flatMap(({ results }) =>
    results.filter(({ fixed }) => fixed === null).map((result) => programs(result)),
  );
  return [...new Set(said)].sort();
}

function programs({ peer, cpu, cores, versions }: Result): string {
  const machine = `${cpu}, ${cores} cores`;
  if (peer === undefined) {
    const { qfleet, node, tensorflow } = versions;
    return [`Qfleet ${qfleet}`, `Node ${node}`, ...(tensorflow ? [tensorflow] : []), machine].join(', ');
  }
  const { threads, ...packages } = versions;
  const named = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return [...named, `${threads} threads of PyTorch`, machine].join(', ');
}

/** A text about training; of a policy that needs none there is nothing to say. */
function ofTrained(text: (context: Context) => string): Column['text'] {
  return (context) => (context.results[0].fixed === null ? text(context) : NOTHING);
}

function nameOf({ preset, method, name, fixed, peer, environment }: Result): string {
  if (peer !== undefined) return peers[peer].title;
  const named = name === undefined ? '' : ` ${name}`;
  return fixed === null ? `\`${method ?? preset}\` (${environment})${named}` : `${preset}: ${fixed}`;
}

/** The mean and its standard error: over seeds, or over the episodes of a single one. */
function meanAndError({ results, digits }: Context, which: Which): string {
  const values = results.length > 1 ? meansOf(results, which) : judgedOf(results[0], which).returns;
  return `${meanOf(values).toFixed(digits)} ± ${(standardError(values) ?? 0).toFixed(digits)}`;
}

/** The same of agents whose tokens are otherwise drawn. */
function greedy(context: Context): string {
  return context.results.every((result) => result.greedy !== undefined)
    ? meanAndError(context, 'greedy')
    : NOTHING;
}

/** How far what the best weights say is from their language model, in nats an episode: the mean over seeds. */
function distance({ results }: Context): string {
  const told = results.flatMap(({ best }) => best.info?.['kl'] ?? []);
  return told.length === 0 ? NOTHING : meanOf(told).toFixed(1);
}

/** The interquartile mean over seeds, with the 95 % interval of a bootstrap, which always draws the same. */
function iqm({ results, digits }: Context, which: 'last' | 'best'): string {
  if (results.length < 2) return NOTHING;
  const random = new Random(Random.seed(0, 'bootstrap'));
  const means = meansOf(results, which);
  const { low, high } = stratifiedBootstrap([means], interquartileMean, { uniform: () => random.uniform() });
  return `${interquartileMean(means).toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
}

/** How many seeds reach the goal, and how many of the evaluations in the last half of their training. */
function goalsMet({ results, line: { goal, dataGoal } }: Context): string {
  if (goal === null) return dataGoalsMet(results, dataGoal);
  const reached = (which: 'last' | 'best'): number =>
    meansOf(results, which).filter((mean) => mean >= goal).length;
  const half = results.flatMap(({ curve, frames }) => curve.filter(([steps]) => steps > frames / 2));
  const good = half.filter(([, mean]) => mean >= goal).length;
  const share = half.length === 0 ? '' : `; ${((100 * good) / half.length).toFixed(0)} % of the last half`;
  return `≥ ${goal}: last ${reached('last')}, best ${reached('best')} of ${results.length}${share}`;
}

/** How many seeds reach the part of their own data's mean return that they should. */
function dataGoalsMet(results: readonly Result[], part: number | undefined): string {
  if (part === undefined) return NOTHING;
  const reached = (which: 'last' | 'best'): number =>
    results.filter(({ data, ...judged }) => meanOf(judged[which].returns) >= part * data!.meanReturn).length;
  return `≥ ${part} × data: last ${reached('last')}, best ${reached('best')} of ${results.length}`;
}

/** The mean return of what was learned from offline, over seeds. */
function dataOf({ results, digits }: Context): string {
  const means = results.flatMap(({ data }) => data?.meanReturn ?? []);
  if (means.length === 0) return NOTHING;
  return `${meanOf(means).toFixed(digits)} ± ${(standardError(means) ?? 0).toFixed(digits)}`;
}

/** Seconds of training until the first evaluation that reached the goal, of each seed that did. */
const secondsToGoal = ({ results, line: { goal } }: Row): number[] =>
  goal === null ? [] : results.flatMap(({ curve }) => curve.find(([, mean]) => mean >= goal)?.[2] ?? []);

/** The mean and the longest of the seconds to the goal. */
function timeToGoal(context: Context): string {
  const seconds = secondsToGoal(context);
  if (seconds.length === 0) return NOTHING;
  const part =
    seconds.length < context.results.length ? ` (${seconds.length} of ${context.results.length})` : '';
  return `${inSeconds(meanOf(seconds))}, at most ${inSeconds(Math.max(...seconds))}${part}`;
}

/** A peer's seconds as a multiple of those of the method beside it: to the goal, where all seeds reached it, and of training. */
function timeBeside({ line, results, rows }: Context): string {
  const ours = rows.find((row) => row.results[0].method === line.beside);
  if (line.beside === undefined || ours === undefined) return NOTHING;
  const [its, own] = [secondsToGoal({ line, results }), secondsToGoal(ours)];
  const all = its.length === results.length && own.length === ours.results.length;
  const wall = (row: readonly Result[]): number =>
    meanOf(row.flatMap(({ wallSeconds }) => wallSeconds ?? []));
  const toGoal = all ? [`to the goal ${(meanOf(its) / meanOf(own)).toFixed(1)}`] : [];
  const training = `training ${(wall(results) / wall(ours.results)).toFixed(1)}`;
  return `\`${line.beside}\`: ${[...toGoal, training].join(', ')}`;
}

function crashes({ results }: Context): string {
  const share = (which: 'last' | 'best'): string | null => {
    const told = results.flatMap((result) => result[which].info?.['crashed'] ?? []);
    return told.length === 0 ? null : `${(100 * meanOf(told)).toFixed(0)} %`;
  };
  const [last, best] = [share('last'), share('best')];
  if (last === null || best === null) return NOTHING;
  return results[0].fixed === null ? `last ${last}, best ${best}` : last;
}

function average(results: readonly Result[], field: 'wallSeconds' | 'cpuSeconds'): string {
  const known = results.flatMap((result) => result[field] ?? []);
  return known.length === 0 ? NOTHING : inSeconds(meanOf(known));
}

const meansOf = (results: readonly Result[], which: Which): number[] =>
  results.map((result) => meanOf(judgedOf(result, which).returns));

const judgedOf = (result: Result, which: Which): Judged => result[which] ?? result.best;

const inSeconds = (seconds: number): string => `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;

const thousands = (count: number): string => `${Math.round(count / 1000).toLocaleString('en')}k`;
