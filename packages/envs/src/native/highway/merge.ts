import type { Random } from '@qfleet/random';
import type { EnvironmentDefinition } from '../../environment.ts';
import { Obstacle } from './body.ts';
import { USUAL_DRIVER } from './driver.ts';
import { type DrivingOptions, driving } from './driving.ts';
import { type Manoeuvre, USUAL_MANOEUVRES, USUAL_SPEEDS } from './ego.ts';
import { USUAL_KINEMATICS } from './kinematics.ts';
import { RoadNetwork } from './network.ts';
import { unit } from './numbers.ts';
import { Road } from './road.ts';
import type { Scenario } from './scenario.ts';
import type { Simulation } from './simulation.ts';
import { SineLane } from './sine-lane.ts';
import { StraightLane } from './straight-lane.ts';
import { between, enter, enterEgo } from './traffic.ts';
import type { Vehicle } from './vehicle.ts';

const COLLISION = -1;
const HIGH_SPEED = 0.2;
const RIGHT_LANE = 0.1;
const LANE_CHANGE = -0.05;
const MERGING_SPEED = -0.5;
/** Where the episode ends, in metres. */
const END = 370;

/** Where the highway's parts begin and end: before, beside and after the ramp, in metres. */
const PARTS = [0, 230, 310, 460] as const;
const RAMP_LENGTH = 150;
const RAMP_Y = 14.5;
const RAMP_AMPLITUDE = 3.25;

/** A highway of two lanes, a, b, c, d, and a ramp, j, k, that joins it at b and ends at c. */
function createNetwork(): RoadNetwork {
  const network = new RoadNetwork();
  const nodes = ['a', 'b', 'c', 'd'];
  for (let i = 0; i < 3; i++) {
    const lanes = [0, 4].map((y) => new StraightLane([PARTS[i], y], [PARTS[i + 1], y]));
    network.add(nodes[i], nodes[i + 1], ...lanes);
  }
  const ramp = { forbidden: true };
  const middle = RAMP_Y - RAMP_AMPLITUDE;
  const wave = { amplitude: RAMP_AMPLITUDE, pulsation: Math.PI / 80, phase: Math.PI / 2 };
  const joining = new SineLane([RAMP_LENGTH, middle], [PARTS[1], middle], wave, ramp);
  const y = joining.yAt(80, 0);
  network.add('j', 'k', new StraightLane([0, RAMP_Y], [RAMP_LENGTH, RAMP_Y], ramp));
  network.add('k', 'b', joining);
  network.add('b', 'c', new StraightLane([PARTS[1], y], [PARTS[2], y], ramp));
  return network;
}

/** A highway where a vehicle comes in from a ramp, whose end is blocked. */
class Merge implements Scenario {
  readonly manoeuvres = USUAL_MANOEUVRES;
  readonly targetSpeeds = USUAL_SPEEDS;
  readonly kinematics = USUAL_KINEMATICS;
  readonly driver = USUAL_DRIVER;
  readonly frequency = 15;
  readonly #network = createNetwork();
  readonly #linked: boolean;

  constructor(linked: boolean) {
    this.#linked = linked;
  }

  createRoad(): Road {
    const end = this.#network.lane('b', 'c', 2);
    const obstacle = new Obstacle(end.xAt(end.length, 0), end.yAt(end.length, 0), end);
    return new Road(this.#network, [obstacle], this.#linked);
  }

  populate(simulation: Simulation, random: Random): Vehicle {
    const network = this.#network;
    const ego = enterEgo(simulation, network.lane('a', 'b', 1), 30, 30, USUAL_SPEEDS);
    for (const [s, speed] of [
      [90, 29],
      [70, 31],
      [5, 31.5],
    ]) {
      const lane = network.lane('a', 'b', random.integer(2));
      enter(simulation, lane, s + between(random, -5, 5), speed + between(random, -1, 1));
    }
    enter(simulation, network.lane('j', 'k'), 110, 20).targetSpeed = 30;
    return ego;
  }

  reward({ vehicles }: Road, ego: Vehicle, manoeuvre: Manoeuvre): number {
    const merging = this.#network.lane('b', 'c', 2);
    let delay = 0;
    for (const { lane, speed, targetSpeed } of vehicles) {
      if (lane === merging) delay += (targetSpeed - speed) / targetSpeed;
    }
    const sum =
      COLLISION * Number(ego.crashed) +
      RIGHT_LANE * ego.lane.id +
      HIGH_SPEED * unit(ego.speed, 20, 30) +
      LANE_CHANGE * Number(manoeuvre === 'left' || manoeuvre === 'right') +
      MERGING_SPEED * delay;
    return unit(sum, COLLISION + MERGING_SPEED, HIGH_SPEED + RIGHT_LANE);
  }

  isOver(ego: Vehicle): boolean {
    return ego.crashed || ego.x > END;
  }
}

/** merge-v1; in merge-v0 drivers see no further than their own part of the road. */
export function merge(id: 'merge-v0' | 'merge-v1', options: DrivingOptions): EnvironmentDefinition {
  const summary = 'Make room on a highway for a vehicle that comes in from a ramp.';
  return driving({ id, maxEpisodeSteps: null, summary }, new Merge(id === 'merge-v1'), options);
}
