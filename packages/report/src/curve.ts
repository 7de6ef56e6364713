import type { TopLevelSpec } from 'vega-lite';
import { ink, renderChart, style } from './chart.ts';
import type { MetricsRow } from './records.ts';

type Panel = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number];

/** More points could not be told apart, and would make a large file. */
const maxPoints = 400;
const width = 640;

const series = {
  training: { what: 'training, mean ± std of the last episodes', color: '#4493f8' },
  evaluation: { what: 'evaluation, greedy, mean ± std', color: '#e8863a' },
};

/**
 * The learning curve as SVG: above, the return over environment steps, or over updates where no step was taken; below, the
 * loss over updates.
 *
 * @param rows in time's order; with one return at least.
 */
export async function drawCurve(
  rows: readonly MetricsRow[],
  { title, solvedReturn }: { title: string; solvedReturn: number | null },
): Promise<string> {
  const specification: TopLevelSpec = {
    title: { text: title, anchor: 'start' },
    background: 'transparent',
    padding: 12,
    config: style,
    vconcat: [returnPanel(rows, solvedReturn), ...lossPanel(rows)],
  };
  return renderChart(specification);
}

function returnPanel(rows: readonly MetricsRow[], solvedReturn: number | null): Panel {
  const isOffline = rows.every(({ steps }) => steps === 0);
  const line = thin(rows.filter((row) => row.meanReturn !== null)).map(({ steps, meanReturn, returnStd }) =>
    band(steps, meanReturn as number, returnStd ?? 0, series.training.what),
  );
  const points = rows.flatMap(({ evaluation }) =>
    evaluation === undefined
      ? []
      : band(
          isOffline ? evaluation.updates : stepsAt(rows, evaluation.updates),
          evaluation.mean,
          evaluation.std,
          series.evaluation.what,
        ),
  );
  const shown = [
    ...(line.length > 0 ? [series.training] : []),
    ...(points.length > 0 ? [series.evaluation] : []),
  ];
  const encoding = {
    x: {
      field: 'steps',
      type: 'quantitative' as const,
      title: isOffline ? 'updates' : 'environment steps',
    },
    y: { field: 'mean', type: 'quantitative' as const, title: 'return of an episode' },
    color: {
      field: 'what',
      type: 'nominal' as const,
      title: null,
      scale: { domain: shown.map(({ what }) => what), range: shown.map(({ color }) => color) },
      legend: { orient: 'top' as const, direction: 'horizontal' as const },
    },
  };
  const spread = { ...encoding, y: { ...encoding.y, field: 'low' }, y2: { field: 'high' } };
  return {
    width,
    height: 260,
    layer: [
      { data: { values: line }, mark: { type: 'area', opacity: 0.18 }, encoding: spread },
      { data: { values: line }, mark: { type: 'line', strokeWidth: 2 }, encoding },
      { data: { values: points }, mark: { type: 'rule', opacity: 0.6 }, encoding: spread },
      { data: { values: points }, mark: { type: 'point', filled: true, size: 45, opacity: 1 }, encoding },
      ...(solvedReturn === null ? [] : [goal(solvedReturn)]),
    ],
  };
}

/** A dashed line at the return that counts as solved. */
function goal(solvedReturn: number) {
  const y = { field: 'goal', type: 'quantitative' as const };
  return {
    data: { values: [{ goal: solvedReturn, label: `solved at ${solvedReturn}` }] },
    layer: [
      { mark: { type: 'rule' as const, strokeDash: [4, 4], color: ink }, encoding: { y } },
      {
        mark: { type: 'text' as const, align: 'left' as const, dx: 4, dy: 9, color: ink },
        encoding: { x: { value: 0 }, y, text: { field: 'label' } },
      },
    ],
  };
}

/** No panel where no loss was measured. */
function lossPanel(rows: readonly MetricsRow[]): Panel[] {
  const losses = thin(rows.filter(({ loss }) => loss !== null && loss > 0)).map(({ updates, loss }) => ({
    updates,
    loss: loss as number,
  }));
  if (losses.length === 0) return [];
  const values = logTicks(losses.map(({ loss }) => loss));
  return [
    {
      width,
      height: 110,
      data: { values: losses },
      mark: { type: 'line', strokeWidth: 1.5, color: series.training.color },
      encoding: {
        x: { field: 'updates', type: 'quantitative', title: 'updates' },
        y: {
          field: 'loss',
          type: 'quantitative',
          title: 'loss (log scale)',
          scale: { type: 'log' },
          axis: { values, labelExpr: "format(datum.value, '~g')" },
        },
      },
    },
  ];
}

function band(steps: number, mean: number, std: number, what: string) {
  return { steps, mean, low: mean - std, high: mean + std, what };
}

/** Environment steps at a number of updates: an evaluation is reported later than the checkpoint it is of. */
function stepsAt(rows: readonly MetricsRow[], updates: number): number {
  return (rows.find((row) => row.updates >= updates) ?? rows[rows.length - 1]).steps;
}

/** 1, 2 and 5 times the powers of ten around positive values; over many decades the powers alone. */
function logTicks(values: readonly number[]): number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.ceil(Math.log10(Math.max(...values)));
  const decades = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  return last - first > 3 ? decades : decades.flatMap((decade) => [decade, 2 * decade, 5 * decade]);
}

/** Evenly chosen rows, the first and the last among them. */
function thin(rows: readonly MetricsRow[]): readonly MetricsRow[] {
  if (rows.length <= maxPoints) return rows;
  return Array.from(
    { length: maxPoints },
    (_, i) => rows[Math.round((i * (rows.length - 1)) / (maxPoints - 1))],
  );
}
