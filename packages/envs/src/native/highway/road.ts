import type { Body, Obstacle } from './body.ts';
import type { Lane } from './lane.ts';
import type { RoadNetwork } from './network.ts';
import type { Vehicle } from './vehicle.ts';

/** How far beside a lane a vehicle still counts as on it, in metres, for those who look for neighbours. */
const MARGIN = 1;
/** Beyond this distance nobody is on a lane: half its width, the margin, and what counts beyond its ends. */
const LANE_EDGE = 8;

/** A network of lanes, and who is on it. */
export class Road {
  readonly network: RoadNetwork;
  readonly obstacles: readonly Obstacle[];
  /** Whether neighbours are also looked for on the lanes that follow and precede. */
  readonly #linked: boolean;
  /** In the order in which they act and move. */
  vehicles: Vehicle[] = [];
  /** The id of the next vehicle that comes. */
  nextId = 0;
  /** Whom `findNeighbours` found. */
  front: Body | null = null;
  rear: Body | null = null;
  #frontS = 0;
  #rearS = 0;

  constructor(network: RoadNetwork, obstacles: readonly Obstacle[], linked: boolean) {
    this.network = network;
    this.obstacles = obstacles;
    this.#linked = linked;
  }

  /** Finds who is next ahead of `vehicle` (`front`) and behind it (`rear`) on a lane. */
  findNeighbours(vehicle: Vehicle, lane: Lane): void {
    this.front = null;
    this.rear = null;
    this.#frontS = Number.POSITIVE_INFINITY;
    this.#rearS = Number.NEGATIVE_INFINITY;
    const s = lane.along(vehicle.x, vehicle.y);
    const { vehicles, obstacles } = this;
    for (let i = 0; i < vehicles.length; i++) {
      if (vehicles[i] !== vehicle) this.#consider(vehicles[i], lane, s);
    }
    for (let i = 0; i < obstacles.length; i++) this.#consider(obstacles[i], lane, s);
  }

  #consider(body: Body, lane: Lane, s: number): void {
    if (!this.#linked) {
      const theirs = lane.along(body.x, body.y);
      if (this.#isNext(theirs, s) && lane.holdsAt(theirs, lane.lateral(body.x, body.y, theirs), MARGIN)) {
        this.#meet(body, theirs, s);
      }
      return;
    }
    if (this.#place(body, lane, s, 0)) return;
    const links = this.network.links(lane);
    for (let i = 0; i < links.length; i++) {
      if (this.#place(body, links[i].lane, s, links[i].offset)) return;
    }
  }

  /** Whether `body` is on the lane, where it may be the nearest. */
  #place(body: Body, lane: Lane, s: number, offset: number): boolean {
    if (lane.isFar(body.x, body.y, LANE_EDGE)) return false;
    const own = lane.along(body.x, body.y);
    if (!lane.holdsAt(own, lane.lateral(body.x, body.y, own), MARGIN)) return false;
    const theirs = own + offset;
    if (this.#isNext(theirs, s)) this.#meet(body, theirs, s);
    return true;
  }

  /** Whether somebody at `theirs` is nearer to `s` than those found. Of equals the last ahead counts, and the first behind. */
  #isNext(theirs: number, s: number): boolean {
    return theirs >= s ? theirs <= this.#frontS : theirs > this.#rearS;
  }

  #meet(body: Body, theirs: number, s: number): void {
    if (theirs >= s) {
      this.#frontS = theirs;
      this.front = body;
    } else {
      this.#rearS = theirs;
      this.rear = body;
    }
  }
}
