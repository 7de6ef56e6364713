import type { Random } from '@qfleet/random';
import type { EnvironmentDefinition } from '../../environment.ts';
import { CircularLane } from './circular-lane.ts';
import { USUAL_DRIVER } from './driver.ts';
import { type DrivingOptions, driving } from './driving.ts';
import { type Manoeuvre, USUAL_MANOEUVRES } from './ego.ts';
import { USUAL_KINEMATICS } from './kinematics.ts';
import { RoadNetwork } from './network.ts';
import { radians, unit } from './numbers.ts';
import { Road } from './road.ts';
import type { Scenario } from './scenario.ts';
import type { Simulation } from './simulation.ts';
import { SineLane } from './sine-lane.ts';
import { StraightLane } from './straight-lane.ts';
import { enter, enterEgo, varyDriver } from './traffic.ts';
import type { Vehicle } from './vehicle.ts';

const TARGET_SPEEDS = [0, 8, 16];
const COLLISION = -1;
const HIGH_SPEED = 0.2;
const LANE_CHANGE = -0.05;
/** Where traffic goes. */
const DESTINATIONS = ['exr', 'sxr', 'nxr'];

const RADII = [20, 24];
/** The ring's nodes and their angles, in degrees, anticlockwise: entries and exits south, east, north and west. */
const RING = [
  ['se', 'ex', 66, 24],
  ['ex', 'ee', 24, -24],
  ['ee', 'nx', -24, -66],
  ['nx', 'ne', -66, -114],
  ['ne', 'wx', -114, -156],
  ['wx', 'we', -156, -204],
  ['we', 'sx', 156, 114],
  ['sx', 'se', 114, 66],
] as const;

// The accesses, in metres: where they begin, where they begin to bend, how long they bend, and how far aside.
const FAR = 170;
const BEND = 85;
const ENTRY = 17;
const EXIT = BEND - ENTRY;
const ASIDE = 2;
const AMPLITUDE = 5;
const PULSATION = (2 * Math.PI) / BEND;

type Point = readonly [x: number, y: number];

/** The turns that make the south access each of the four. */
const ACCESSES: readonly (readonly [string, (point: Point) => Point])[] = [
  ['s', ([x, y]) => [x, y]],
  ['e', ([x, y]) => [y, -x]],
  ['n', ([x, y]) => [-x, -y]],
  ['w', ([x, y]) => [-y, x]],
];

function createNetwork(): RoadNetwork {
  const network = new RoadNetwork();
  for (const [from, to, start, end] of RING) {
    const lanes = RADII.map((radius) => new CircularLane([0, 0], radius, radians(start), radians(end)));
    network.add(from, to, ...lanes);
  }
  const entering = { amplitude: AMPLITUDE, pulsation: PULSATION, phase: -Math.PI / 2 };
  const leaving = { ...entering, phase: PULSATION * EXIT - Math.PI / 2 };
  const near = BEND / 2;
  const bent = ASIDE + AMPLITUDE;
  for (const [side, at] of ACCESSES) {
    const [road, bend, ring] = [`${side}er`, `${side}es`, `${side}e`];
    network.add(road, bend, new StraightLane(at([ASIDE, FAR]), at([ASIDE, near])));
    network.add(bend, ring, new SineLane(at([bent, near]), at([bent, near - ENTRY]), entering));
    const [out, outBend, outRoad] = [`${side}x`, `${side}xs`, `${side}xr`];
    network.add(out, outBend, new SineLane(at([-bent, EXIT - near]), at([-bent, near]), leaving));
    network.add(outBend, outRoad, new StraightLane(at([-ASIDE, near]), at([-ASIDE, FAR])));
  }
  return network;
}

/** A ring of two lanes that the agent comes to from the south, to leave it in the north. */
class Roundabout implements Scenario {
  readonly manoeuvres = USUAL_MANOEUVRES;
  readonly targetSpeeds = TARGET_SPEEDS;
  readonly kinematics = { ...USUAL_KINEMATICS, absolute: true, x: 100, y: 100, speed: 15 };
  readonly driver = USUAL_DRIVER;
  readonly frequency = 15;
  readonly #network = createNetwork();
  readonly #linked: boolean;

  constructor(linked: boolean) {
    this.#linked = linked;
  }

  createRoad(): Road {
    return new Road(this.#network, [], this.#linked);
  }

  populate(simulation: Simulation, random: Random): Vehicle {
    const network = this.#network;
    const ego = enterEgo(simulation, network.lane('ser', 'ses'), 125, 8, TARGET_SPEEDS);
    ego.route = network.route(ego.lane, 'nxs');
    const ring = network.segment('we', 'sx')!.lanes;
    for (const [lane, s] of [
      [ring[1], 5],
      [ring[0], 20],
      [ring[0], -20],
      [network.lane('eer', 'ees'), 50],
    ] as const) {
      const vehicle = enter(simulation, lane, s + 2 * random.normal(), 16 + 2 * random.normal());
      vehicle.route = network.route(vehicle.lane, DESTINATIONS[random.integer(DESTINATIONS.length)]);
      varyDriver(vehicle, random);
    }
    return ego;
  }

  reward(_road: Road, ego: Vehicle, manoeuvre: Manoeuvre): number {
    if (!ego.isOnRoad()) return 0;
    const sum =
      COLLISION * Number(ego.crashed) +
      (HIGH_SPEED * ego.speedIndex) / 2 +
      LANE_CHANGE * Number(manoeuvre === 'left' || manoeuvre === 'right');
    return unit(sum, COLLISION, HIGH_SPEED);
  }

  isOver(ego: Vehicle): boolean {
    return ego.crashed;
  }
}

/** roundabout-v1; in roundabout-v0 drivers see no further than their own part of the road. */
export function roundabout(
  id: 'roundabout-v0' | 'roundabout-v1',
  options: DrivingOptions,
): EnvironmentDefinition {
  const summary = 'Cross a busy roundabout.';
  return driving({ id, maxEpisodeSteps: 11, summary }, new Roundabout(id === 'roundabout-v1'), options);
}
