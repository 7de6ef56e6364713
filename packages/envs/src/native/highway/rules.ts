import { LENGTH, type Vehicle, WIDTH } from './vehicle.ts';

// Where a vehicle will be: 11 times, a quarter of a second apart, of x, y and heading.
const TIMES = 11;
const STEP = 0.25;
const COLUMNS = 3 * TIMES;
// Half the room that a vehicle needs, in metres.
const HALF_LENGTH = 0.75 * LENGTH;
const HALF_WIDTH = 0.45 * WIDTH;
/** Corners, middles of edges and centre of a rectangle, in halves of its length and width. */
const ACROSS = [-1, 0, 1];

/**
 * The rules at an intersection: of two vehicles that would meet within three seconds, the one with less
 * priority stops, or the one behind where both have the same. The agent is not told to.
 */
export class Rules {
  #paths = new Float64Array(0);

  /** Lets those that stopped go on, and stops those that now have to. */
  enforce(vehicles: readonly Vehicle[], ego: Vehicle | null): void {
    for (const vehicle of vehicles) {
      if (!vehicle.isYielding) continue;
      vehicle.targetSpeed = vehicle.lane.speedLimit;
      vehicle.isYielding = false;
    }
    this.#predict(vehicles);
    for (let i = 0; i < vehicles.length; i++) {
      for (let j = i + 1; j < vehicles.length; j++) {
        if (!this.#willMeet(i, j)) continue;
        const vehicle = whoYields(vehicles[i], vehicles[j]);
        if (vehicle === ego) continue;
        vehicle.targetSpeed = 0;
        vehicle.isYielding = true;
      }
    }
  }

  /** Writes where all will be at their present speeds along their routes. */
  #predict(vehicles: readonly Vehicle[]): void {
    if (this.#paths.length < vehicles.length * COLUMNS) {
      this.#paths = new Float64Array(2 * vehicles.length * COLUMNS);
    }
    for (let i = 0; i < vehicles.length; i++) this.#predictOne(vehicles[i], i * COLUMNS);
  }

  #predictOne(vehicle: Vehicle, at: number): void {
    const { lane, route, speed } = vehicle;
    const start = lane.along(vehicle.x, vehicle.y);
    const steps = route?.length ?? 0;
    for (let time = 0; time < TIMES; time++) {
      let s = start + speed * STEP * (time + 1);
      let on = lane;
      for (let i = 0; i < steps; i++) {
        const { segment, id } = route![i];
        on = segment.lanes[id ?? lane.id];
        if (i === steps - 1 || s <= on.length) break;
        s -= on.length;
      }
      this.#paths[at + 3 * time] = on.xAt(s, 0);
      this.#paths[at + 3 * time + 1] = on.yAt(s, 0);
      this.#paths[at + 3 * time + 2] = on.headingAt(s);
    }
  }

  #willMeet(i: number, j: number): boolean {
    const paths = this.#paths;
    for (let time = 0; time < TIMES; time++) {
      const a = i * COLUMNS + 3 * time;
      const b = j * COLUMNS + 3 * time;
      const dx = paths[b] - paths[a];
      const dy = paths[b + 1] - paths[a + 1];
      if (dx * dx + dy * dy > LENGTH * LENGTH) continue;
      if (reaches(dx, dy, paths[b + 2], paths[a + 2])) return true;
      if (reaches(-dx, -dy, paths[a + 2], paths[b + 2])) return true;
    }
    return false;
  }
}

/**
 * Whether a point of one vehicle's outline is within another's room. The room is turned the wrong way, by minus its
 * heading, as highway-env has it.
 *
 * @param dx the first one's centre from the second's, in metres.
 */
function reaches(dx: number, dy: number, heading: number, otherHeading: number): boolean {
  const cos = Math.cos(heading);
  const sin = Math.sin(heading);
  const otherCos = Math.cos(otherHeading);
  const otherSin = Math.sin(otherHeading);
  for (const along of ACROSS) {
    for (const across of ACROSS) {
      const x = dx + cos * along * HALF_LENGTH - sin * across * HALF_WIDTH;
      const y = dy + sin * along * HALF_LENGTH + cos * across * HALF_WIDTH;
      const turnedX = otherCos * x - otherSin * y;
      const turnedY = otherSin * x + otherCos * y;
      if (Math.abs(turnedX) <= HALF_LENGTH && Math.abs(turnedY) <= HALF_WIDTH) return true;
    }
  }
  return false;
}

function whoYields(a: Vehicle, b: Vehicle): Vehicle {
  if (a.lane.priority !== b.lane.priority) return a.lane.priority > b.lane.priority ? b : a;
  return aheadOf(a, b) > aheadOf(b, a) ? a : b;
}

/** How far `b` is ahead in the direction of `a`, in metres. */
const aheadOf = (a: Vehicle, b: Vehicle): number => a.cos * (b.x - a.x) + a.sin * (b.y - a.y);
