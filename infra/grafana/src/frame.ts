import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { datasource } from './panels.ts';

/** Variable `name`: the values that `label` has in series of `selector`. */
export const labelVariable = (name: string, label: string, selector: string): QueryVariableBuilder =>
  new QueryVariableBuilder(name)
    .label(name[0].toUpperCase() + name.slice(1))
    .datasource(datasource)
    .query({ query: `label_values(${selector}, ${label})`, refId: name })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);

/** What all dashboards share: the variables for data source and run, links to the others, time and refresh. */
export function frame(uid: string, title: string, description: string): DashboardBuilder {
  return new DashboardBuilder(`Qfleet / ${title}`)
    .uid(`qfleet-${uid}`)
    .description(description)
    .tags(['qfleet'])
    .readonly()
    .timezone('browser')
    .time({ from: 'now-30m', to: 'now' })
    .refresh('10s')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('Qfleet')
        .type(DashboardLinkType.Dashboards)
        .tags(['qfleet'])
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(labelVariable('run', 'run', 'qfleet_exporter_redis_up'));
}
