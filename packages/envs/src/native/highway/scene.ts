import { z } from 'zod';
import { issueSentence } from '../../issues.ts';
import type { Lane } from './lane.ts';
import type { RoadNetwork, RouteStep } from './network.ts';
import { Vehicle } from './vehicle.ts';

type LaneIndex = readonly [from: string, to: string, id: number];

const pair = z.custom<readonly [number, number]>(
  (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite),
  'it must be a list of 2 finite numbers',
);
const isLane = (value: unknown, isId: (id: unknown) => boolean): boolean =>
  Array.isArray(value) &&
  value.length === 3 &&
  typeof value[0] === 'string' &&
  typeof value[1] === 'string' &&
  isId(value[2]);
const laneIndex = z.custom<LaneIndex>(
  (value) => isLane(value, Number.isInteger),
  'it must be a lane as [from, to, id]',
);
const routeStep = z.custom<readonly [string, string, number | null]>(
  (value) => isLane(value, (id) => id === null || Number.isInteger(id)),
  'it must be a lane as [from, to, id or null]',
);
const commands = z.object({ steering: z.number(), acceleration: z.number() });

const body = {
  id: z.int(),
  position: pair,
  heading: z.number(),
  speed: z.number(),
  lane: laneIndex,
  target_lane: laneIndex,
  target_speed: z.number(),
  route: z.array(routeStep).nullable(),
  check_collisions: z.boolean(),
  crashed: z.boolean(),
  action: commands,
  impact: pair.nullish(),
};

const schema = z.object({
  vehicles: z.array(
    z.discriminatedUnion(
      'kind',
      [
        z.object({ ...body, kind: z.literal('MDPVehicle'), speed_index: z.int().min(0) }),
        z.object({
          ...body,
          kind: z.literal('IDMVehicle'),
          timer: z.number(),
          delta: z.number(),
          enable_lane_change: z.boolean().nullish(),
          is_yielding: z.boolean().nullish(),
        }),
      ],
      'it must be MDPVehicle or IDMVehicle',
    ),
  ),
  road_steps: z.int().min(0).nullish(),
});

/** A road's vehicles in their order, and the one that the agent drives. */
export interface Scene {
  readonly vehicles: Vehicle[];
  readonly ego: Vehicle;
  /** Steps of the simulation since the road was made. */
  readonly steps: number;
}

/**
 * Reads a scene: all that a road's future follows from, as highway-env has it.
 *
 * @param speeds how many target speeds the agent has.
 * @throws RangeError with a sentence for what is wrong.
 */
export function readScene(scene: unknown, network: RoadNetwork, speeds: number): Scene {
  const parsed = schema.safeParse(scene);
  if (!parsed.success) {
    throw new RangeError(issueSentence('A scene', 'field', parsed.error, Object.keys(schema.shape), scene));
  }
  let ego: Vehicle | undefined;
  const ids = new Set<number>();
  const vehicles = parsed.data.vehicles.map((given, index) => {
    const at = `A scene, field vehicles.${index}`;
    if (ids.has(given.id)) throw new RangeError(`${at}.id: ${given.id} is another vehicle's already.`);
    ids.add(given.id);
    const lane = laneOf(network, given.lane, `${at}.lane`);
    const vehicle = new Vehicle(given.id, given.position[0], given.position[1], lane, given.speed);
    vehicle.heading = given.heading;
    vehicle.target = laneOf(network, given.target_lane, `${at}.target_lane`);
    vehicle.targetSpeed = given.target_speed;
    vehicle.route = given.route?.map((step, i) => routeStepOf(network, step, `${at}.route.${i}`)) ?? null;
    vehicle.checkCollisions = given.check_collisions;
    vehicle.crashed = given.crashed;
    vehicle.steering = given.action.steering;
    vehicle.acceleration = given.action.acceleration;
    if (given.impact) vehicle.push(given.impact[0], given.impact[1]);
    if (given.kind === 'MDPVehicle') {
      if (ego !== undefined) throw new RangeError(`${at}.kind: one vehicle alone is an MDPVehicle.`);
      if (given.speed_index >= speeds) {
        throw new RangeError(`${at}.speed_index: it must be at most ${speeds - 1}.`);
      }
      ego = vehicle;
      vehicle.speedIndex = given.speed_index;
    } else {
      vehicle.timer = given.timer;
      vehicle.delta = given.delta;
      vehicle.changesLanes = given.enable_lane_change ?? true;
      vehicle.isYielding = given.is_yielding ?? false;
    }
    return vehicle;
  });
  if (ego === undefined) throw new RangeError('A scene, field vehicles: one of them must be an MDPVehicle.');
  return { vehicles, ego, steps: parsed.data.road_steps ?? 0 };
}

function laneOf(network: RoadNetwork, [from, to, id]: LaneIndex, at: string): Lane {
  const lane = network.segment(from, to)?.lanes[id];
  if (lane === undefined)
    throw new RangeError(`${at}: the road has no lane ${JSON.stringify([from, to, id])}.`);
  return lane;
}

function routeStepOf(
  network: RoadNetwork,
  [from, to, id]: readonly [string, string, number | null],
  at: string,
): RouteStep {
  return { segment: laneOf(network, [from, to, id ?? 0], at).segment, id };
}
