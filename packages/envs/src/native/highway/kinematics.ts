import { type Box, box, type ObservationArray } from '@qfleet/spaces';
import type { Body } from './body.ts';
import { clamp } from './numbers.ts';
import type { Observer } from './observer.ts';
import type { Road } from './road.ts';
import { LENGTH, type Vehicle } from './vehicle.ts';

/** How far the agent sees, and how far behind it, in metres. */
const SIGHT = 200;
const SIGHT_BEHIND = 2 * LENGTH;
/** The width of a lane, in metres. */
const LANE_WIDTH = 4;

/** What a table of vehicles shows, and the values that become ±1. */
export interface KinematicsSpec {
  /** The agent's own row and those of the vehicles nearest to it. */
  readonly rows: number;
  /** Whether a row ends with the cosine and sine of its heading. */
  readonly headings: boolean;
  /** Whether others are told in the road's coordinates, not relative to the agent. */
  readonly absolute: boolean;
  /** In metres; the lateral range `null` is the width of the road where the episode began. */
  readonly x: number;
  readonly y: number | null;
  /** In m/s. */
  readonly speed: number;
}

export const USUAL_KINEMATICS: KinematicsSpec = {
  rows: 5,
  headings: false,
  absolute: false,
  x: 200,
  y: null,
  speed: 80,
};

/**
 * Observes a table: the agent, then the nearest vehicles and obstacles along its lane, a row each of
 * presence, x, y and velocity, scaled and clipped to ±1. Rows that nobody fills are 0.
 */
export class Kinematics implements Observer {
  readonly space: Box;
  readonly #spec: KinematicsSpec;
  readonly #width: number;
  readonly #nearest: Body[] = [];
  readonly #distances: Float64Array;
  #y = 0;

  constructor(spec: KinematicsSpec) {
    this.#spec = spec;
    this.#width = spec.headings ? 7 : 5;
    this.space = box({ low: -1, high: 1, shape: [spec.rows, this.#width] });
    this.#distances = new Float64Array(spec.rows - 1);
  }

  begin(ego: Vehicle): void {
    this.#y = this.#spec.y ?? LANE_WIDTH * ego.lane.segment.lanes.length;
  }

  write(road: Road, ego: Vehicle, observation: ObservationArray): void {
    this.#findNearest(road, ego);
    this.#writeRow(ego, null, 0, observation);
    const nearest = this.#nearest;
    const origin = this.#spec.absolute ? null : ego;
    for (let i = 0; i < nearest.length; i++) this.#writeRow(nearest[i], origin, i + 1, observation);
    observation.fill(0, (nearest.length + 1) * this.#width);
  }

  #findNearest({ vehicles, obstacles }: Road, ego: Vehicle): void {
    this.#nearest.length = 0;
    for (let i = 0; i < vehicles.length; i++) if (vehicles[i] !== ego) this.#consider(vehicles[i], ego);
    for (let i = 0; i < obstacles.length; i++) this.#consider(obstacles[i], ego);
  }

  /** Keeps `body` in its place among the nearest, after those that are as near. */
  #consider(body: Body, ego: Vehicle): void {
    const dx = body.x - ego.x;
    const dy = body.y - ego.y;
    if (dx * dx + dy * dy >= SIGHT * SIGHT) return;
    const ahead = ego.distanceTo(body);
    if (ahead <= -SIGHT_BEHIND) return;
    const nearest = this.#nearest;
    const distances = this.#distances;
    const distance = Math.abs(ahead);
    let place = nearest.length;
    while (place > 0 && distances[place - 1] > distance) place--;
    if (place === distances.length) return;
    if (nearest.length < distances.length) nearest.push(body);
    for (let i = nearest.length - 1; i > place; i--) {
      nearest[i] = nearest[i - 1];
      distances[i] = distances[i - 1];
    }
    nearest[place] = body;
    distances[place] = distance;
  }

  #writeRow(body: Body, origin: Body | null, row: number, observation: ObservationArray): void {
    const { x, speed, headings } = this.#spec;
    const at = row * this.#width;
    let velocityX = body.speed * body.cos;
    let velocityY = body.speed * body.sin;
    if (origin !== null) {
      velocityX -= origin.speed * origin.cos;
      velocityY -= origin.speed * origin.sin;
    }
    observation[at] = 1;
    observation[at + 1] = clamp((body.x - (origin?.x ?? 0)) / x, -1, 1);
    observation[at + 2] = clamp((body.y - (origin?.y ?? 0)) / this.#y, -1, 1);
    observation[at + 3] = clamp(velocityX / speed, -1, 1);
    observation[at + 4] = clamp(velocityY / speed, -1, 1);
    if (!headings) return;
    observation[at + 5] = body.cos;
    observation[at + 6] = body.sin;
  }
}
