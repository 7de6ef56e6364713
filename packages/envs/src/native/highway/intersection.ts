import type { Random } from '@qfleet/random';
import type { EnvironmentDefinition } from '../../environment.ts';
import { CircularLane } from './circular-lane.ts';
import { type DrivingOptions, driving } from './driving.ts';
import type { Manoeuvre } from './ego.ts';
import { RoadNetwork } from './network.ts';
import { clamp, radians, unit } from './numbers.ts';
import { Road } from './road.ts';
import type { Scenario } from './scenario.ts';
import type { Simulation } from './simulation.ts';
import { StraightLane } from './straight-lane.ts';
import { enter, enterEgo, varyDriver } from './traffic.ts';
import type { Vehicle } from './vehicle.ts';

const MANOEUVRES: readonly Manoeuvre[] = ['slower', 'idle', 'faster'];
const TARGET_SPEEDS = [0, 4.5, 9];
const SPEED_LIMIT = 10;
const COLLISION = -5;
const ARRIVED = 1;
/** How far along its exit a vehicle has arrived, in metres. */
const ARRIVAL = 25;
/** How far from the end of its exit it leaves the road, in metres. */
const LEAVING = 20;

// The geometry, in metres.
const RIGHT_RADIUS = 9;
const LEFT_RADIUS = 13;
const OUTER = 11;
const ACCESS = 100;
const ASIDE = 2;

/** Four arms, south, west, north and east: from `o` to `ir`, across to `il` of another arm, and out to its `o`. */
function createNetwork(): RoadNetwork {
  const network = new RoadNetwork();
  for (let corner = 0; corner < 4; corner++) {
    const angle = radians(90 * corner);
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    const at = (x: number, y: number): readonly [number, number] => [cos * x - sin * y, sin * x + cos * y];
    const arm = (turns: number) => (corner + turns) % 4;
    const priority = corner % 2 === 1 ? 3 : 1;
    const ahead = { speedLimit: SPEED_LIMIT, priority };
    const aside = { speedLimit: SPEED_LIMIT, priority: priority - 1 };
    const [outer, inner] = [`o${corner}`, `ir${corner}`];
    network.add(outer, inner, new StraightLane(at(ASIDE, ACCESS + OUTER), at(ASIDE, OUTER), ahead));
    const right = new CircularLane(
      at(OUTER, OUTER),
      RIGHT_RADIUS,
      angle + radians(180),
      angle + radians(270),
      ahead,
    );
    network.add(inner, `il${arm(3)}`, right);
    const left = new CircularLane(at(-OUTER, OUTER), LEFT_RADIUS, angle, angle + radians(-90), aside);
    network.add(inner, `il${arm(1)}`, left);
    network.add(inner, `il${arm(2)}`, new StraightLane(at(ASIDE, OUTER), at(ASIDE, -OUTER), ahead));
    const exit = new StraightLane(at(OUTER, ASIDE), at(ACCESS + OUTER, ASIDE), ahead);
    network.add(`il${arm(3)}`, `o${arm(3)}`, exit);
  }
  return network;
}

/** Whether a vehicle is on its way out, and how far along, in metres; −∞ where it is not. */
function outward({ lane, x, y }: Vehicle): number {
  return lane.segment.from.startsWith('il') ? lane.along(x, y) : Number.NEGATIVE_INFINITY;
}

/** A crossing that the agent comes to from the south and leaves to the west, with traffic from everywhere. */
class Intersection implements Scenario {
  readonly manoeuvres = MANOEUVRES;
  readonly targetSpeeds = TARGET_SPEEDS;
  readonly kinematics = { rows: 15, headings: true, absolute: true, x: 100, y: 100, speed: 20 };
  readonly driver = { jamDistance: 7, comfort: 6, comfortBraking: 3 };
  readonly frequency = 15;
  /** Half a second, rounded down. */
  readonly ruledEvery = 7;
  readonly #network = createNetwork();
  readonly #linked: boolean;
  readonly #spawnProbability: number;

  constructor(linked: boolean, spawnProbability: number) {
    this.#linked = linked;
    this.#spawnProbability = spawnProbability;
  }

  createRoad(): Road {
    return new Road(this.#network, [], this.#linked);
  }

  populate(simulation: Simulation, random: Random): Vehicle {
    const { road } = simulation;
    for (let i = 0; i < 9; i++) {
      if (random.uniform() <= 0.6) this.#spawn(simulation, random, (80 * i) / 9, false);
    }
    for (let i = 0; i < 3 * this.frequency; i++) simulation.step();
    this.#spawn(simulation, random, 60, true);
    const lane = this.#network.lane('o0', 'ir0');
    const ego = enterEgo(simulation, lane, 65 + 5 * random.normal(), SPEED_LIMIT, TARGET_SPEEDS);
    ego.route = this.#network.route(ego.lane, 'o1');
    road.vehicles = road.vehicles.filter(
      (vehicle) => vehicle === ego || Math.hypot(vehicle.x - ego.x, vehicle.y - ego.y) >= 20,
    );
    return ego;
  }

  reward(_road: Road, ego: Vehicle): number {
    if (!ego.isOnRoad()) return 0;
    if (outward(ego) >= ARRIVAL) return ARRIVED;
    return COLLISION * Number(ego.crashed) + clamp(unit(ego.speed, 7, 9), 0, 1);
  }

  isOver(ego: Vehicle): boolean {
    return ego.crashed || outward(ego) >= ARRIVAL;
  }

  renew(simulation: Simulation, random: Random): void {
    const { road, ego } = simulation;
    const stays = (vehicle: Vehicle) =>
      vehicle === ego || (vehicle.route !== null && outward(vehicle) < vehicle.lane.length - LEAVING);
    if (!road.vehicles.every(stays)) road.vehicles = road.vehicles.filter(stays);
    if (random.uniform() <= this.#spawnProbability) this.#spawn(simulation, random, 0, false);
  }

  /** Has a vehicle enter on an arm, about `s` metres along it, where there is room; a challenger goes straight on. */
  #spawn(simulation: Simulation, random: Random, s: number, challenger: boolean): void {
    const { road } = simulation;
    const from = random.integer(4);
    const to = challenger ? (from + 2) % 4 : (from + 1 + random.integer(3)) % 4;
    const lane = this.#network.lane(`o${from}`, `ir${from}`);
    const place = s + 5 + random.normal() * (challenger ? 0.1 : 1);
    const speed = challenger ? 8 : 8 + random.normal();
    const x = lane.xAt(place, 0);
    const y = lane.yAt(place, 0);
    if (road.vehicles.some((other) => Math.hypot(other.x - x, other.y - y) < 15)) return;
    const vehicle = enter(simulation, lane, place, speed);
    vehicle.route = this.#network.route(vehicle.lane, `o${to}`);
    varyDriver(vehicle, random);
  }
}

/** intersection-v2; in intersection-v0 drivers see no further than their own part of the road. */
export function intersection(
  id: 'intersection-v0' | 'intersection-v2',
  options: DrivingOptions & { spawn_probability: number },
): EnvironmentDefinition {
  const summary = 'Turn left at a busy intersection.';
  const scenario = new Intersection(id === 'intersection-v2', options.spawn_probability);
  return driving({ id, maxEpisodeSteps: 13, summary }, scenario, options);
}
