import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { oneActor } from './actor.ts';
import { fleetOverview } from './fleet.ts';
import { learning } from './learning.ts';
import { redis } from './redis.ts';
import { replay } from './replay.ts';

/** All dashboards, by the name of the file that each becomes. */
export function buildDashboards(): Record<string, Dashboard> {
  return {
    'fleet.json': fleetOverview().build(),
    'learning.json': learning().build(),
    'replay.json': replay().build(),
    'redis.json': redis().build(),
    'actor.json': oneActor().build(),
  };
}

/** A dashboard as its file holds it. */
export const dashboardJson = (dashboard: Dashboard): string => `${JSON.stringify(dashboard, null, 2)}\n`;
