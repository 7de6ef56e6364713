import type { Lane } from './lane.ts';
import type { Vehicle } from './vehicle.ts';

/** Numbers that hold all that changes of a vehicle without a route, but for its speed index, which its target speed tells. */
export const VEHICLE_FIELDS = 15;

/** Writes a vehicle's state from `s[at]` on. */
export function writeVehicle(vehicle: Vehicle, s: Float64Array, at: number): void {
  s[at] = vehicle.x;
  s[at + 1] = vehicle.y;
  s[at + 2] = vehicle.heading;
  s[at + 3] = vehicle.speed;
  s[at + 4] = vehicle.lane.index;
  s[at + 5] = vehicle.target.index;
  s[at + 6] = vehicle.targetSpeed;
  s[at + 7] = vehicle.steering;
  s[at + 8] = vehicle.acceleration;
  s[at + 9] = vehicle.impactX;
  s[at + 10] = vehicle.impactY;
  s[at + 11] = vehicle.hasImpact ? 1 : 0;
  s[at + 12] = vehicle.timer;
  s[at + 13] = vehicle.delta;
  s[at + 14] = vehicle.crashed ? 1 : 0;
}

/** The other way round. */
export function readVehicle(s: Float64Array, at: number, vehicle: Vehicle, lanes: readonly Lane[]): void {
  vehicle.x = s[at];
  vehicle.y = s[at + 1];
  vehicle.heading = s[at + 2];
  vehicle.speed = s[at + 3];
  vehicle.lane = lanes[s[at + 4]];
  vehicle.target = lanes[s[at + 5]];
  vehicle.targetSpeed = s[at + 6];
  vehicle.steering = s[at + 7];
  vehicle.acceleration = s[at + 8];
  vehicle.impactX = s[at + 9];
  vehicle.impactY = s[at + 10];
  vehicle.hasImpact = s[at + 11] === 1;
  vehicle.timer = s[at + 12];
  vehicle.delta = s[at + 13];
  vehicle.crashed = s[at + 14] === 1;
}
