import { parse, View } from 'vega';
import { type Config, compile, type TopLevelSpec } from 'vega-lite';

// Greys and hues that read on white and on black alike: the picture has no background of its own.
export const ink = '#7d8590';

/** How charts look. */
export const style: Config = {
  font: 'system-ui, sans-serif',
  view: { stroke: null },
  title: { color: ink, fontSize: 15, fontWeight: 600, offset: 10 },
  legend: {
    labelColor: ink,
    labelFontSize: 11,
    labelLimit: 400,
    symbolOpacity: 1,
    columnPadding: 24,
  },
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
    // 5,000 is 5k, and 0.5 is not 500m.
    labelExpr: "format(datum.value, abs(datum.value) < 1 ? '~g' : '~s')",
    tickCount: 6,
  },
  text: { fontSize: 11 },
};

/** The chart as SVG. */
export async function renderChart(specification: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
