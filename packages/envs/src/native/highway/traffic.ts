import type { Random } from '@qfleet/random';
import { speedIndexOf } from './ego.ts';
import type { Lane } from './lane.ts';
import type { Simulation } from './simulation.ts';
import { Vehicle } from './vehicle.ts';

/** A uniform draw from [low, high). */
export const between = (random: Random, low: number, high: number): number =>
  low + (high - low) * random.uniform();

/** Puts a vehicle onto the middle of a lane, `s` metres along it, at `speed` m/s. */
export function enter({ road }: Simulation, lane: Lane, s: number, speed: number): Vehicle {
  const x = lane.xAt(s, 0);
  const y = lane.yAt(s, 0);
  const heading = lane.headingAt(s);
  const vehicle = new Vehicle(road.nextId++, x, y, road.network.nearest(x, y, heading), speed);
  vehicle.heading = heading;
  const start = ((x + y) * Math.PI) % 1;
  vehicle.timer = start < 0 ? start + 1 : start;
  road.vehicles.push(vehicle);
  return vehicle;
}

/** The same with the agent at the wheel, who wants the nearest of its target speeds. */
export function enterEgo(
  simulation: Simulation,
  lane: Lane,
  s: number,
  speed: number,
  targetSpeeds: readonly number[],
): Vehicle {
  const ego = enter(simulation, lane, s, speed);
  ego.speedIndex = speedIndexOf(speed, targetSpeeds);
  ego.targetSpeed = targetSpeeds[ego.speedIndex];
  return ego;
}

/** Gives a driver its own wish for speed. */
export function varyDriver(vehicle: Vehicle, random: Random): void {
  vehicle.delta = between(random, 3.5, 4.5);
}
