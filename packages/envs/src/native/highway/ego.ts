import type { RoadNetwork } from './network.ts';
import { clamp, roundHalfEven } from './numbers.ts';
import type { Vehicle } from './vehicle.ts';

/** What the agent can ask for. */
export type Manoeuvre = 'left' | 'idle' | 'right' | 'faster' | 'slower';

/** A highway's actions, in their order. */
export const USUAL_MANOEUVRES: readonly Manoeuvre[] = ['left', 'idle', 'right', 'faster', 'slower'];
/** A highway's target speeds, in m/s. */
export const USUAL_SPEEDS: readonly number[] = [20, 25, 30];

/** Which of equally spaced target speeds, in m/s, is nearest to `speed`. */
export function speedIndexOf(speed: number, targetSpeeds: readonly number[]): number {
  const last = targetSpeeds.length - 1;
  const place = (speed - targetSpeeds[0]) / (targetSpeeds[last] - targetSpeeds[0]);
  return clamp(roundHalfEven(place * last), 0, last);
}

/** Sets the agent's target lane or target speed; its controllers do the rest. */
export function decide(
  ego: Vehicle,
  manoeuvre: Manoeuvre,
  targetSpeeds: readonly number[],
  network: RoadNetwork,
): void {
  if (manoeuvre === 'faster' || manoeuvre === 'slower') {
    const wanted = speedIndexOf(ego.speed, targetSpeeds) + (manoeuvre === 'faster' ? 1 : -1);
    ego.speedIndex = clamp(wanted, 0, targetSpeeds.length - 1);
    ego.targetSpeed = targetSpeeds[ego.speedIndex];
  }
  ego.followRoad(network);
  if (manoeuvre !== 'left' && manoeuvre !== 'right') return;
  const { lanes } = ego.target.segment;
  const lane = lanes[clamp(ego.target.id + (manoeuvre === 'right' ? 1 : -1), 0, lanes.length - 1)];
  if (lane.isReachableFrom(ego.x, ego.y)) ego.target = lane;
}

/** Lets the agent's controllers work. */
export function control(ego: Vehicle, network: RoadNetwork): void {
  ego.followRoad(network);
  ego.steering = ego.steer();
  ego.acceleration = ego.accelerate();
}
