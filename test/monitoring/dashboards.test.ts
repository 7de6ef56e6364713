import { createFleetMetrics } from '@qfleet/metrics';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { buildDashboards, dashboardJson } from '../../infra/grafana/src/index.ts';
import { dashboardFiles, dashboardText, panelQueries, readRules } from './support/infra.ts';
import { metricOf, selectorsOf } from './support/promql.ts';

const registry = new Registry();
createFleetMetrics(registry, 'r');
const metrics = registry.getMetricsAsArray() as { name: string; type: unknown }[];
/** The series that each metric becomes: a histogram becomes three. */
const seriesOf = ({ name, type }: { name: string; type: unknown }): string[] =>
  type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name];
// And Prometheus's own.
const exported = [...metrics.flatMap(seriesOf), 'up', 'ALERTS'];
const recorded = readRules('recording.yml');
const withVariables = (expr: string): string => expr.replaceAll('$__rate_interval', '1m');

describe('the dashboards', () => {
  it('are what their source makes: run `node infra/grafana/src/main.ts` after a change', () => {
    const built = buildDashboards();
    expect(dashboardFiles()).toEqual(Object.keys(built).sort());
    for (const [file, dashboard] of Object.entries(built)) {
      expect(dashboardText(file), file).toBe(dashboardJson(dashboard));
    }
  });

  it('ask for metrics that the exporter has, or that a rule records', () => {
    const known = new Set([...exported, ...recorded.map(({ record }) => record!)]);
    const queries = panelQueries();
    expect(queries.length).toBeGreaterThan(60);
    for (const { dashboard, panel, expr } of queries) {
      for (const selector of selectorsOf(withVariables(expr))) {
        expect(known, `${dashboard}, ${panel}`).toContain(metricOf(selector));
      }
    }
  });

  it('show every metric of the exporter, in themselves or through a rule', () => {
    const shown = new Set(
      [...panelQueries(), ...recorded].flatMap(({ expr }) => selectorsOf(withVariables(expr)).map(metricOf)),
    );
    // For alerts and for joining alone.
    const aside = ['qfleet_fleet_start_time_seconds'];
    const missing = metrics
      .filter((metric) => !seriesOf(metric).some((name) => shown.has(name)))
      .map(({ name }) => name);
    expect(missing).toEqual(aside);
  });
});

describe('the rules', () => {
  it('ask for metrics that the exporter has, or that a rule records', () => {
    const known = new Set([...exported, ...recorded.map(({ record }) => record!)]);
    for (const { alert, record, expr } of [...recorded, ...readRules('alerts.yml')]) {
      for (const selector of selectorsOf(expr)) {
        expect(known, alert ?? record).toContain(metricOf(selector));
      }
    }
  });
});
