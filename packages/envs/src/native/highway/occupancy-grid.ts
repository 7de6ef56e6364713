import { type Box, box, type ObservationArray } from '@qfleet/spaces';
import { clamp } from './numbers.ts';
import type { Observer } from './observer.ts';
import type { Road } from './road.ts';
import type { Vehicle } from './vehicle.ts';

/** Cells along each side, and their size in metres; the agent is in the middle one. */
const SIDE = 11;
const CELL = 5;
const HALF = (SIDE * CELL) / 2;
const CELLS = SIDE * SIDE;
// The layers, each of all cells.
const PRESENCE = 0;
const VELOCITY_X = CELLS;
const VELOCITY_Y = 2 * CELLS;
const ON_ROAD = 3 * CELLS;
/** The speed, in m/s, that becomes 1. */
const SPEED = 80;
/** How far the road is seen along each lane, in metres; a point each 5 m tells where it is. */
const SIGHT = 100;
const POINTS = (2 * SIGHT) / CELL;

/**
 * Observes a map around the agent: presence of a vehicle, its velocity relative to the agent, and where the road
 * is. Rows go along x, columns along y.
 */
export class OccupancyGrid implements Observer {
  readonly space: Box = box({ low: -1, high: 1, shape: [4, SIDE, SIDE] });

  begin(): void {}

  write({ vehicles, network }: Road, ego: Vehicle, observation: ObservationArray): void {
    observation.fill(0);
    // Where several vehicles are in a cell, the first of the road counts.
    for (let i = vehicles.length - 1; i >= 0; i--) {
      const vehicle = vehicles[i];
      const cell = cellOf(vehicle.x - ego.x, vehicle.y - ego.y);
      if (cell < 0) continue;
      const velocityX = vehicle.speed * vehicle.cos - ego.speed * ego.cos;
      const velocityY = vehicle.speed * vehicle.sin - ego.speed * ego.sin;
      observation[PRESENCE + cell] = 1;
      observation[VELOCITY_X + cell] = clamp(velocityX / SPEED, -1, 1);
      observation[VELOCITY_Y + cell] = clamp(velocityY / SPEED, -1, 1);
    }
    for (let i = 0; i < network.lanes.length; i++) {
      const lane = network.lanes[i];
      const first = lane.along(ego.x, ego.y) - SIGHT;
      for (let point = 0; point < POINTS; point++) {
        const s = clamp(first + CELL * point, 0, lane.length);
        const cell = cellOf(lane.xAt(s, 0) - ego.x, lane.yAt(s, 0) - ego.y);
        if (cell >= 0) observation[ON_ROAD + cell] = 1;
      }
    }
  }
}

/** The cell of a point, in metres from the agent; −1 outside the map. */
function cellOf(x: number, y: number): number {
  const row = Math.floor((x + HALF) / CELL);
  const column = Math.floor((y + HALF) / CELL);
  return row >= 0 && row < SIDE && column >= 0 && column < SIDE ? row * SIDE + column : -1;
}
