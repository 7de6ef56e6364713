/** The learning curves of some runs of one task. */
export interface LearningCurves {
  readonly title: string;
  /** The return that the runs should reach, drawn as a dashed line; null: none. */
  readonly goal: number | null;
  /** What the points are over. Default: environment steps. */
  readonly over?: string;
  /** `points` are [what they are over, return of an episode]. */
  readonly runs: readonly {
    readonly name: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
}

// A grey that reads on white and on black alike: the picture has no background of its own.
const INK = '#7d8590';
const COLUMNS = 3;

/** Small panels side by side, one a task, with a line a run, as SVG. */
export async function drawLearningCurves(tasks: readonly LearningCurves[]): Promise<string> {
  const [{ parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const { spec } = compile({
    background: 'transparent',
    padding: 12,
    columns: COLUMNS,
    config: {
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      title: { color: INK, fontSize: 13 },
      axis: {
        ...{ labelColor: INK, titleColor: INK, domainColor: INK, tickColor: INK, gridColor: INK },
        gridOpacity: 0.2,
        tickCount: 4,
        labelExpr: "format(datum.value, abs(datum.value) < 1 ? '~g' : '~s')",
      },
    },
    concat: tasks.map(({ title, goal, runs, over = 'environment steps' }) => ({
      title: { text: title, anchor: 'start' as const },
      width: 220,
      height: 140,
      layer: [
        {
          data: {
            values: runs.flatMap(({ name, points }) =>
              points.map(([steps, mean]) => ({ name, steps, mean })),
            ),
          },
          mark: { type: 'line' as const, strokeWidth: 1.5 },
          encoding: {
            x: { field: 'steps', type: 'quantitative' as const, title: over },
            y: { field: 'mean', type: 'quantitative' as const, title: 'return' },
            color: { field: 'name', type: 'nominal' as const, legend: null },
          },
        },
        ...(goal === null
          ? []
          : [
              {
                data: { values: [{ goal }] },
                mark: { type: 'rule' as const, strokeDash: [4, 4], color: INK },
                encoding: { y: { field: 'goal', type: 'quantitative' as const } },
              },
            ]),
      ],
    })),
  });
  const view = new View(parse(spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
