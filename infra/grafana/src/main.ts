import { writeFileSync } from 'node:fs';
import { buildDashboards, dashboardJson } from './index.ts';

/** Writes all dashboards into `dashboards/`. */
for (const [file, dashboard] of Object.entries(buildDashboards())) {
  writeFileSync(new URL(`../dashboards/${file}`, import.meta.url), dashboardJson(dashboard));
}
