import type { Box, ObservationArray } from '@qfleet/spaces';
import type { Road } from './road.ts';
import type { Vehicle } from './vehicle.ts';

/** How the agent sees the road. */
export interface Observer {
  readonly space: Box;
  /** Begins an episode. */
  begin(ego: Vehicle): void;
  write(road: Road, ego: Vehicle, observation: ObservationArray): void;
}
