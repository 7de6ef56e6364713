import { type Body, Obstacle } from './body.ts';
import type { Lane } from './lane.ts';
import { clamp, notZero } from './numbers.ts';
import type { Road } from './road.ts';
import type { Vehicle } from './vehicle.ts';

const MAX_ACCELERATION = 6;
/** The wanted time gap, in seconds. */
const TIME_GAP = 1.5;
/** What a change of lanes has to gain, in m/s². */
const LEAST_GAIN = 0.2;
/** How hard it may make others brake, in m/s². */
const MOST_BRAKING = 2;
/** Seconds between two thoughts of changing lanes. */
const PATIENCE = 1;

/** How traffic accelerates. */
export interface DriverModel {
  /** The gap that is left in a jam, between centres, in metres. */
  readonly jamDistance: number;
  /** The comfortable acceleration and deceleration, in m/s². */
  readonly comfort: number;
  readonly comfortBraking: number;
}

export const USUAL_DRIVER: DriverModel = { jamDistance: 10, comfort: 3, comfortBraking: 5 };

/**
 * What drives the traffic: the Intelligent Driver Model (Treiber, Hennecke and Helbing, "Congested traffic
 * states in empirical observations and microscopic simulations", 2000) along lanes, and MOBIL (Kesting,
 * Treiber and Helbing, "General lane-changing model MOBIL for car-following models", 2007) across them,
 * with no politeness.
 */
export class Driver {
  readonly #road: Road;
  readonly #comfort: number;
  readonly #jamDistance: number;
  readonly #braking: number;

  constructor(road: Road, { jamDistance, comfort, comfortBraking }: DriverModel) {
    this.#road = road;
    this.#comfort = comfort;
    this.#jamDistance = jamDistance;
    this.#braking = 2 * Math.sqrt(comfort * comfortBraking);
  }

  /** Decides on a vehicle's target lane and commands. */
  act(vehicle: Vehicle): void {
    if (vehicle.crashed) return;
    const road = this.#road;
    vehicle.followRoad(road.network);
    if (vehicle.changesLanes) this.#chooseLane(vehicle);
    vehicle.steering = vehicle.steer();
    road.findNeighbours(vehicle, vehicle.lane);
    let acceleration = this.#acceleration(vehicle, vehicle, road.front);
    if (vehicle.lane !== vehicle.target) {
      road.findNeighbours(vehicle, vehicle.target);
      acceleration = Math.min(acceleration, this.#acceleration(vehicle, vehicle, road.front));
    }
    vehicle.acceleration = clamp(acceleration, -MAX_ACCELERATION, MAX_ACCELERATION);
  }

  /** How `body` would accelerate behind `front`, were it driven as `vehicle` is; nobody and an obstacle do not. */
  #acceleration(vehicle: Vehicle, body: Body | null, front: Body | null): number {
    if (body === null || body instanceof Obstacle) return 0;
    const limited = clamp((body as Vehicle).targetSpeed, 0, body.lane.speedLimit);
    const free = 1 - (Math.max(body.speed, 0) / notZero(limited)) ** vehicle.delta;
    if (front === null) return this.#comfort * free;
    const gap = this.#wantedGap(body, front) / notZero(body.distanceTo(front));
    return this.#comfort * free - this.#comfort * gap * gap;
  }

  #wantedGap(body: Body, front: Body): number {
    const closing =
      (body.speed * body.cos - front.speed * front.cos) * body.cos +
      (body.speed * body.sin - front.speed * front.sin) * body.sin;
    return this.#jamDistance + body.speed * TIME_GAP + (body.speed * closing) / this.#braking;
  }

  #chooseLane(vehicle: Vehicle): void {
    const { lane, target } = vehicle;
    if (lane !== target) {
      if (lane.segment === target.segment && this.#isContested(vehicle)) vehicle.target = lane;
      return;
    }
    if (vehicle.timer <= PATIENCE) return;
    vehicle.timer = 0;
    const { lanes } = lane.segment;
    if (lane.id > 0) this.#consider(vehicle, lanes[lane.id - 1]);
    if (lane.id < lanes.length - 1) this.#consider(vehicle, lanes[lane.id + 1]);
  }

  /** Whether another vehicle, close ahead, is changing into the same lane. */
  #isContested(vehicle: Vehicle): boolean {
    const { target } = vehicle;
    for (const other of this.#road.vehicles) {
      if (other === vehicle || other.lane === target || other.target !== target) continue;
      const ahead = vehicle.distanceTo(other);
      if (ahead > 0 && ahead < this.#wantedGap(vehicle, other)) return true;
    }
    return false;
  }

  #consider(vehicle: Vehicle, lane: Lane): void {
    if (!lane.isReachableFrom(vehicle.x, vehicle.y) || Math.abs(vehicle.speed) < 1) return;
    if (this.#isWorthwhile(vehicle, lane)) vehicle.target = lane;
  }

  /** Whether a change is safe, and leads the right way or to more acceleration. */
  #isWorthwhile(vehicle: Vehicle, lane: Lane): boolean {
    const road = this.#road;
    road.findNeighbours(vehicle, lane);
    const { front, rear } = road;
    if (this.#acceleration(vehicle, rear, vehicle) < -MOST_BRAKING) return false;
    const after = this.#acceleration(vehicle, vehicle, front);
    const wanted = vehicle.route?.[0]?.id ?? null;
    if (wanted !== null) {
      const isRight = Math.sign(lane.id - vehicle.target.id) === Math.sign(wanted - vehicle.target.id);
      return isRight && after >= -MOST_BRAKING;
    }
    road.findNeighbours(vehicle, vehicle.lane);
    return after - this.#acceleration(vehicle, vehicle, road.front) >= LEAST_GAIN;
  }
}
