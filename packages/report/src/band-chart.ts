import type { Interval } from './statistics/bootstrap.ts';

/** A point of a line, with the interval in which it lies; null: none is known. */
export interface BandPoint {
  readonly x: number;
  readonly y: number;
  readonly interval: Interval | null;
}

/** A named line of a chart. */
export interface BandLine {
  readonly name: string;
  readonly points: readonly BandPoint[];
}

/** What a chart says beside its lines. */
interface BandChart {
  readonly title: string;
  /** Lines. */
  readonly subtitle: readonly string[];
  /** Titles of the axes. */
  readonly x: string;
  readonly y: string;
  /** Where a dashed line crosses one of the axes; null: nowhere. */
  readonly goal: { readonly axis: 'x' | 'y'; readonly at: number } | null;
}

/** Hues that can be told apart. */
const HUES = 10;

/** Lines in one panel, each in a band of its intervals, as SVG. Loads the library that draws only then. */
export async function drawBands(
  lines: readonly BandLine[],
  { title, subtitle, x, y, goal }: BandChart,
): Promise<string> {
  const { ink, renderChart, style } = await import('./chart.ts');
  const points = lines.flatMap(({ name, points }) =>
    points.map(({ x, y, interval }) => ({ name, x, y, low: interval?.low, high: interval?.high })),
  );
  const encoding = {
    x: { field: 'x', type: 'quantitative' as const, title: x, scale: { zero: false, nice: false } },
    y: { field: 'y', type: 'quantitative' as const, title: y },
    color: {
      field: 'name',
      type: 'nominal' as const,
      title: null,
      scale: {
        domain: lines.map(({ name }) => name),
        scheme: lines.length > HUES ? ('tableau20' as const) : ('tableau10' as const),
      },
      legend: { orient: 'top' as const, columns: 2 },
    },
  };
  return renderChart({
    title: { text: title, anchor: 'start', subtitle: [...subtitle], subtitleColor: ink },
    background: 'transparent',
    padding: 12,
    config: style,
    width: 640,
    height: 300,
    layer: [
      {
        data: { values: points.filter(({ low }) => low !== undefined) },
        mark: { type: 'area', opacity: 0.18 },
        encoding: { ...encoding, y: { ...encoding.y, field: 'low' }, y2: { field: 'high' } },
      },
      { data: { values: points }, mark: { type: 'line', strokeWidth: 2 }, encoding },
      ...(goal === null
        ? []
        : [
            {
              data: { values: [{ at: goal.at }] },
              mark: { type: 'rule' as const, strokeDash: [4, 4], color: ink },
              encoding: { [goal.axis]: { field: 'at', type: 'quantitative' as const } },
            },
          ]),
    ],
  });
}
