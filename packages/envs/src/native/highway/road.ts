import type { Body, Obstacle } from './body.ts';
import type { Lane } from './lane.ts';
import type { Link, RoadNetwork } from './network.ts';
import type { Vehicle } from './vehicle.ts';

/** How far beside a lane a vehicle still counts as on it, in metres, for those who look for neighbours. */
const MARGIN = 1;
const NONE: readonly Link[] = [];

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
  /** [lanes, bodies], vehicles first: s of each body on each lane; NaN: it is not on it. */
  #places = new Float64Array(0);
  /** Vehicles and obstacles. */
  #bodies = 0;

  constructor(network: RoadNetwork, obstacles: readonly Obstacle[], linked: boolean) {
    this.network = network;
    this.obstacles = obstacles;
    this.#linked = linked;
  }

  /** Takes down which lanes everybody is on: whoever looks for neighbours relies on it until somebody moves. */
  locate(): void {
    const { vehicles, obstacles, network } = this;
    this.#bodies = vehicles.length + obstacles.length;
    const needed = this.#bodies * network.lanes.length;
    if (this.#places.length < needed) this.#places = new Float64Array(2 * needed);
    this.#places.fill(Number.NaN, 0, needed);
    for (let i = 0; i < vehicles.length; i++) {
      vehicles[i].order = i;
      this.#locate(vehicles[i], i);
    }
    for (let i = 0; i < obstacles.length; i++) this.#locate(obstacles[i], vehicles.length + i);
  }

  #locate({ x, y }: Body, body: number): void {
    const { grid } = this.network;
    const cell = grid.indexOf(x, y);
    if (cell < 0) return;
    const nearby = grid.nearby(cell);
    for (let i = 0; i < nearby.length; i++) {
      const lane = nearby[i];
      const s = lane.along(x, y);
      if (lane.holdsAt(s, lane.lateral(x, y, s), MARGIN)) this.#places[lane.index * this.#bodies + body] = s;
    }
  }

  /**
   * Finds who is next ahead of `vehicle` (`front`) and behind it (`rear`) on a lane, as of the last `locate`. Of equals
   * the last ahead counts, and the first behind.
   */
  findNeighbours(vehicle: Vehicle, lane: Lane): void {
    const places = this.#places;
    const bodies = this.#bodies;
    const links = this.#linked ? this.network.links(lane) : NONE;
    const self = vehicle.order;
    const s = lane.along(vehicle.x, vehicle.y);
    let front = -1;
    let rear = -1;
    let frontS = Number.POSITIVE_INFINITY;
    let rearS = Number.NEGATIVE_INFINITY;
    for (let i = 0, at = lane.index * bodies; i < bodies; i++, at++) {
      if (i === self) continue;
      let theirs = places[at];
      // On the first of the lanes that it is on, a body counts.
      for (let link = 0; Number.isNaN(theirs) && link < links.length; link++) {
        theirs = places[links[link].lane.index * bodies + i] + links[link].offset;
      }
      // NaN, for somebody elsewhere, is neither ahead nor behind.
      if (theirs >= s) {
        if (theirs > frontS) continue;
        frontS = theirs;
        front = i;
      } else if (theirs > rearS) {
        rearS = theirs;
        rear = i;
      }
    }
    this.front = this.#body(front);
    this.rear = this.#body(rear);
  }

  #body(index: number): Body | null {
    if (index < 0) return null;
    const { vehicles, obstacles } = this;
    return index < vehicles.length ? vehicles[index] : obstacles[index - vehicles.length];
  }
}
