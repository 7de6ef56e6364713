import type { Random } from '@qfleet/random';
import type { EnvironmentDefinition } from '../../environment.ts';
import { USUAL_DRIVER } from './driver.ts';
import { type DrivingOptions, driving } from './driving.ts';
import { USUAL_MANOEUVRES, USUAL_SPEEDS } from './ego.ts';
import { USUAL_KINEMATICS } from './kinematics.ts';
import { RoadNetwork } from './network.ts';
import { clamp, unit } from './numbers.ts';
import { Road } from './road.ts';
import type { Scenario } from './scenario.ts';
import type { Simulation } from './simulation.ts';
import { StraightLane } from './straight-lane.ts';
import { between, enter, enterEgo, varyDriver } from './traffic.ts';
import type { Vehicle } from './vehicle.ts';

const LENGTH = 10_000;
const SPEED_LIMIT = 30;
const COLLISION = -1;
const HIGH_SPEED = 0.4;
const RIGHT_LANE = 0.1;

/** What tells the two highways apart. */
interface HighwayOptions {
  readonly lanes: number;
  readonly traffic: number;
  readonly frequency: number;
  /** How much room the agent starts with, over what traffic has. */
  readonly spacing: number;
  /** Whether crashes among the traffic are looked for. */
  readonly trafficCrashes: boolean;
}

/** A straight road of parallel lanes, full of slower traffic. */
class Highway implements Scenario {
  readonly manoeuvres = USUAL_MANOEUVRES;
  readonly targetSpeeds = USUAL_SPEEDS;
  readonly kinematics = USUAL_KINEMATICS;
  readonly driver = USUAL_DRIVER;
  readonly frequency: number;
  readonly vehicles: number;
  readonly #options: HighwayOptions;
  readonly #network = new RoadNetwork();

  constructor(options: HighwayOptions) {
    this.#options = options;
    this.frequency = options.frequency;
    this.vehicles = 1 + options.traffic;
    for (let i = 0; i < options.lanes; i++) {
      this.#network.add('0', '1', new StraightLane([0, 4 * i], [LENGTH, 4 * i], { speedLimit: SPEED_LIMIT }));
    }
  }

  createRoad(): Road {
    return new Road(this.#network, [], false);
  }

  populate(simulation: Simulation, random: Random): Vehicle {
    const { lanes, traffic, spacing, trafficCrashes } = this.#options;
    const draw = () => this.#network.lane('0', '1', random.integer(lanes));
    /** A gap for a vehicle of this speed. */
    const gap = (speed: number) => (12 + speed) * Math.exp((-5 / 40) * lanes);
    const room = spacing * gap(25);
    let s = 3 * room + room * between(random, 0.9, 1.1);
    const ego = enterEgo(simulation, draw(), s, 25, USUAL_SPEEDS);
    for (let i = 0; i < traffic; i++) {
      const lane = draw();
      const speed = between(random, 0.7 * SPEED_LIMIT, 0.8 * SPEED_LIMIT);
      s += gap(speed) * between(random, 0.9, 1.1);
      const vehicle = enter(simulation, lane, s, speed);
      varyDriver(vehicle, random);
      vehicle.checkCollisions = trafficCrashes;
    }
    return ego;
  }

  reward(_road: Road, ego: Vehicle): number {
    if (!ego.isOnRoad()) return 0;
    const lanes = ego.lane.segment.lanes.length;
    const right = ego.target.id / Math.max(lanes - 1, 1);
    const speed = clamp(unit(ego.speed * ego.cos, 20, 30), 0, 1);
    const sum = COLLISION * Number(ego.crashed) + RIGHT_LANE * right + HIGH_SPEED * speed;
    return unit(sum, COLLISION, HIGH_SPEED + RIGHT_LANE);
  }

  isOver(ego: Vehicle): boolean {
    return ego.crashed;
  }
}

/** highway-v0: four lanes and 50 others. */
export function highway(id: string, options: DrivingOptions): EnvironmentDefinition {
  return driving(
    { id, maxEpisodeSteps: 40, summary: 'Drive fast among slower traffic on a highway of four lanes.' },
    new Highway({ lanes: 4, traffic: 50, frequency: 15, spacing: 2, trafficCrashes: true }),
    options,
  );
}

/** highway-fast-v0: three lanes and 20 others, in coarser steps. */
export function highwayFast(id: string, options: DrivingOptions): EnvironmentDefinition {
  return driving(
    { id, maxEpisodeSteps: 30, summary: 'Drive fast among slower traffic on a highway of three lanes.' },
    new Highway({ lanes: 3, traffic: 20, frequency: 5, spacing: 1.5, trafficCrashes: false }),
    options,
  );
}
