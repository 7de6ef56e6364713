import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { MetricsRow } from './records.ts';

/** More points than that would not be seen, and make a heavy picture. */
const maxPoints = 400;

// Greys and hues that read on white and on black alike: the picture has no background of its own.
const ink = '#7d8590';
const training = '#4493f8';
const evaluated = '#e8863a';

/**
 * The learning curve as SVG: above, the return over environment steps; below, the loss over updates.
 *
 * @param rows two at least, in time's order.
 */
export async function drawCurve(
  rows: readonly MetricsRow[],
  { title, solvedReturn }: { title: string; solvedReturn: number | null },
): Promise<string> {
  const view = new View(parse(compile(specification(rows, title, solvedReturn)).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

function specification(
  rows: readonly MetricsRow[],
  title: string,
  solvedReturn: number | null,
): TopLevelSpec {
  const line = thin(rows.filter((row) => row.meanReturn !== null)).map(
    ({ steps, meanReturn, returnStd }) => ({
      steps,
      mean: meanReturn as number,
      low: (meanReturn as number) - (returnStd ?? 0),
      high: (meanReturn as number) + (returnStd ?? 0),
      what: 'training, mean ± std of the last episodes',
    }),
  );
  const points = rows.flatMap(({ evaluation }) =>
    evaluation === undefined
      ? []
      : {
          steps: stepsAt(rows, evaluation.updates),
          mean: evaluation.mean,
          low: evaluation.mean - evaluation.std,
          high: evaluation.mean + evaluation.std,
          what: 'evaluation, greedy, mean ± std',
        },
  );
  const losses = thin(rows.filter((row) => row.loss !== null && row.loss > 0)).map(({ updates, loss }) => ({
    updates,
    loss,
  }));
  const color = {
    field: 'what',
    type: 'nominal' as const,
    title: null,
    scale: {
      domain: [...new Set([...line, ...points].map(({ what }) => what))],
      range: line.length > 0 ? [training, evaluated] : [evaluated],
    },
    legend: { orient: 'top' as const, direction: 'horizontal' as const },
  };
  const steps = { field: 'steps', type: 'quantitative' as const, title: 'environment steps' };
  const value = { field: 'mean', type: 'quantitative' as const, title: 'return of an episode' };
  const goal =
    solvedReturn === null
      ? []
      : [
          {
            data: { values: [{ goal: solvedReturn, label: `solved at ${solvedReturn}` }] },
            layer: [
              {
                mark: { type: 'rule' as const, strokeDash: [4, 4], color: ink },
                encoding: { y: { field: 'goal', type: 'quantitative' as const } },
              },
              {
                mark: { type: 'text' as const, align: 'left' as const, dx: 4, dy: 9, color: ink },
                encoding: {
                  x: { value: 0 },
                  y: { field: 'goal', type: 'quantitative' as const },
                  text: { field: 'label' },
                },
              },
            ],
          },
        ];
  return {
    title: { text: title, anchor: 'start' },
    background: 'transparent',
    padding: 12,
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      title: { color: ink, fontSize: 15, fontWeight: 600, offset: 10 },
      legend: { labelColor: ink, labelFontSize: 11, labelLimit: 400, symbolOpacity: 1, columnPadding: 24 },
      axis: {
        labelColor: ink,
        titleColor: ink,
        titleFontWeight: 'normal',
        titleFontSize: 12,
        labelFontSize: 11,
        domainColor: ink,
        tickColor: ink,
        gridColor: ink,
        gridOpacity: 0.2,
        labelExpr: "format(datum.value, '~s')",
        tickCount: 6,
      },
      text: { fontSize: 11 },
    },
    vconcat: [
      {
        width: 640,
        height: 260,
        layer: [
          {
            data: { values: line },
            mark: { type: 'area', opacity: 0.18 },
            encoding: {
              x: steps,
              y: { ...value, field: 'low' },
              y2: { field: 'high' },
              color,
            },
          },
          {
            data: { values: line },
            mark: { type: 'line', strokeWidth: 2 },
            encoding: { x: steps, y: value, color },
          },
          {
            data: { values: points },
            mark: { type: 'rule', opacity: 0.6 },
            encoding: { x: steps, y: { ...value, field: 'low' }, y2: { field: 'high' }, color },
          },
          {
            data: { values: points },
            mark: { type: 'point', filled: true, size: 45, opacity: 1 },
            encoding: { x: steps, y: value, color },
          },
          ...goal,
        ],
      },
      {
        width: 640,
        height: 110,
        data: { values: losses },
        mark: { type: 'line', strokeWidth: 1.5, color: training },
        encoding: {
          x: { field: 'updates', type: 'quantitative', title: 'updates' },
          y: {
            field: 'loss',
            type: 'quantitative',
            title: 'loss (log scale)',
            scale: { type: 'log' },
            axis: { tickCount: 4, labelExpr: "format(datum.value, '~g')" },
          },
        },
      },
    ],
  };
}

/** Environment steps at a number of updates: an evaluation is reported later than the checkpoint it is of. */
function stepsAt(rows: readonly MetricsRow[], updates: number): number {
  return (rows.find((row) => row.updates >= updates) ?? rows[rows.length - 1]).steps;
}

/** Evenly chosen rows, the first and the last among them. */
function thin(rows: readonly MetricsRow[]): readonly MetricsRow[] {
  if (rows.length <= maxPoints) return rows;
  return Array.from(
    { length: maxPoints },
    (_, i) => rows[Math.round((i * (rows.length - 1)) / (maxPoints - 1))],
  );
}
