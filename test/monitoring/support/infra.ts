import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** Paths of what is deployed. */
export const prometheusDirectory = fileURLToPath(new URL('../../../infra/prometheus/', import.meta.url));
const grafanaDirectory = fileURLToPath(new URL('../../../infra/grafana/', import.meta.url));
const docsDirectory = fileURLToPath(new URL('../../../docs/', import.meta.url));

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The rules of a file in infra/prometheus/rules. */
export function readRules(file: string): Rule[] {
  const text = readFileSync(`${prometheusDirectory}rules/${file}`, 'utf8');
  const { groups } = parse(text) as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** A query of a panel. */
export interface PanelQuery {
  readonly dashboard: string;
  readonly panel: string;
  readonly expr: string;
}

/** The text of a dashboard's file. */
export const dashboardText = (file: string): string =>
  readFileSync(`${grafanaDirectory}dashboards/${file}`, 'utf8');

export const dashboardFiles = (): string[] => readdirSync(`${grafanaDirectory}dashboards`).sort();

/** Every query of every dashboard, from the files that Grafana loads. */
export function panelQueries(): PanelQuery[] {
  return dashboardFiles().flatMap((file) => {
    const { title, panels } = JSON.parse(dashboardText(file)) as {
      title: string;
      panels: { title: string; type: string; targets?: { expr: string }[] }[];
    };
    return panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ expr }) => ({ dashboard: title, panel: panel.title, expr })),
    );
  });
}

/** A file of docs/. */
export const readDoc = (file: string): string => readFileSync(`${docsDirectory}${file}`, 'utf8');
