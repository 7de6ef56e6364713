import {
  LegendDisplayMode,
  LegendPlacement,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  PanelBuilder as HeatmapBuilder,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The data source that the dashboard's variable names. */
export const datasource = { type: 'prometheus', uid: '$datasource' };

/** A query and the name of its series, in which `{{label}}` stands for a label's value. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** Grafana's grid is 24 wide. */
const STAT_SIZE = { width: 4, height: 4 };
const GRAPH_SIZE = { width: 12, height: 8 };

const target = ({ expr, legend }: Query, index: number): DataqueryBuilder =>
  new DataqueryBuilder()
    .datasource(datasource)
    .expr(expr)
    .legendFormat(legend)
    .refId(String.fromCharCode('A'.charCodeAt(0) + index));

/** One number, as it is now, over a line of how it was. @param unit one of Grafana's names of units */
export function stat(title: string, unit: string, expr: string, description = ''): StatBuilder {
  return new StatBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit(unit)
    .span(STAT_SIZE.width)
    .height(STAT_SIZE.height)
    .withTarget(target({ expr, legend: title }, 0));
}

/** Lines over time. */
export function graph(
  title: string,
  unit: string,
  queries: readonly Query[],
  description = '',
): TimeseriesBuilder {
  const panel = new TimeseriesBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit(unit)
    .span(GRAPH_SIZE.width)
    .height(GRAPH_SIZE.height)
    .fillOpacity(8)
    .showPoints(VisibilityMode.Never)
    .legend(
      new VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
  for (const [index, query] of queries.entries()) panel.withTarget(target(query, index));
  return panel;
}

/** How often a histogram's values came, by bucket and time. */
export function heatmap(title: string, expr: string, description = ''): HeatmapBuilder {
  return new HeatmapBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .span(GRAPH_SIZE.width)
    .height(GRAPH_SIZE.height)
    .calculate(false)
    .color(new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Viridis').steps(32))
    .withTarget(target({ expr, legend: '{{le}}' }, 0).format(PromQueryFormat.Heatmap));
}
