import type { Lane, Segment } from './lane.ts';
import { LaneGrid, NEAR } from './lane-grid.ts';

/** A step of a route: a segment, and the lane to take where it matters. */
export interface RouteStep {
  readonly segment: Segment;
  readonly id: number | null;
}

/** A lane that touches another at an end: what to add to its s to have it along the other one. */
export interface Link {
  readonly lane: Lane;
  readonly offset: number;
}

/** The lanes of a road, as the edges of a graph. Where lanes are equally near, the first counts. */
export class RoadNetwork {
  /** The segments that begin at each node, in the order in which they were added. */
  readonly #segments = new Map<string, Segment[]>();
  #lanes: Lane[] = [];
  /** The links of each lane, by its index. */
  #links: Link[][] = [];
  /** Null: not needed yet. */
  #grid: LaneGrid | null = null;

  /** Adds lanes, left to right, after those that lead from `from` to `to` already. */
  add(from: string, to: string, ...lanes: readonly Lane[]): void {
    let leaving = this.#segments.get(from);
    if (leaving === undefined) {
      leaving = [];
      this.#segments.set(from, leaving);
    }
    let segment = leaving.find((known) => known.to === to);
    if (segment === undefined) {
      segment = { from, to, lanes: [] };
      leaving.push(segment);
    }
    for (const lane of lanes) lane.join(segment);
    const segments = [...this.#segments.values()].flat();
    this.#lanes = segments.flatMap((known) => known.lanes);
    this.#lanes.forEach((lane, index) => {
      lane.index = index;
    });
    this.#links = this.#lanes.map((lane) => this.#linksOf(lane, segments));
    this.#grid = null;
  }

  /** All lanes, in the order in which they count. */
  get lanes(): readonly Lane[] {
    return this.#lanes;
  }

  segment(from: string, to: string): Segment | undefined {
    return this.#segments.get(from)?.find((known) => known.to === to);
  }

  /** @throws RangeError where there is no such lane. */
  lane(from: string, to: string, id = 0): Lane {
    const lane = this.segment(from, to)?.lanes[id];
    if (lane === undefined) throw new RangeError(`The road has no lane ${JSON.stringify([from, to, id])}.`);
    return lane;
  }

  /** Every way that leads on from this lane, then every way that leads to it: one lane of each. */
  links(lane: Lane): readonly Link[] {
    return this.#links[lane.index];
  }

  /** What is known of the lanes around each point. */
  get grid(): LaneGrid {
    this.#grid ??= new LaneGrid(this.#lanes);
    return this.#grid;
  }

  /** The lane nearest to a point and a heading; `guess` may be any, and is fast where it is nearly right. */
  nearest(x: number, y: number, heading: number, guess: Lane = this.#lanes[0]): Lane {
    const lanes = this.#lanes;
    const { grid } = this;
    const cell = grid.indexOf(x, y);
    const bound = guess.distanceWithHeading(x, y, heading);
    let nearest = guess;
    let least = Number.POSITIVE_INFINITY;
    const near = cell < 0 || bound > NEAR ? lanes : grid.nearby(cell);
    for (let i = 0; i < near.length; i++) {
      const lane = near[i];
      if (cell < 0 ? lane.isFar(x, y, bound) : grid.leastDistance(cell, lane.index) > bound) continue;
      const distance = lane === guess ? bound : lane.distanceWithHeading(x, y, heading);
      if (distance >= least) continue;
      least = distance;
      nearest = lane;
    }
    return nearest;
  }

  /**
   * The lane that follows `lane` for a vehicle at a point: by its route, where it fits, else the nearest; the
   * same one of as many lanes. Steps that are behind are taken off the route.
   */
  next(lane: Lane, route: RouteStep[] | null, x: number, y: number): Lane {
    const leaving = this.#segments.get(lane.segment.to);
    if (route !== null && route[0]?.segment === lane.segment) route.shift();
    const s = lane.along(x, y);
    const projectedX = lane.xAt(s, 0);
    const projectedY = lane.yAt(s, 0);
    const step = route?.[0];
    if (step !== undefined && step.segment.from === lane.segment.to) {
      return entryOf(step.segment, step.id, lane, projectedX, projectedY);
    }
    if (leaving === undefined) return lane;
    let next = lane;
    let least = Number.POSITIVE_INFINITY;
    for (const segment of leaving) {
      const entry = entryOf(segment, null, lane, projectedX, projectedY);
      const distance = entry.distance(projectedX, projectedY);
      if (distance >= least) continue;
      least = distance;
      next = entry;
    }
    return next;
  }

  /** The route from a lane to a node with the fewest segments; that lane alone, where none leads there. */
  route(lane: Lane, goal: string): RouteStep[] {
    const first: RouteStep = { segment: lane.segment, id: lane.id };
    const queue: string[][] = [[lane.segment.to]];
    for (const path of queue) {
      const leaving = this.#segments.get(path[path.length - 1]) ?? [];
      const nodes = leaving.map(({ to }) => to).filter((to) => !path.includes(to));
      for (const node of nodes.sort()) {
        if (node === goal) {
          const whole = [...path, node];
          const steps = whole.slice(1).map((to, i) => ({ segment: this.segment(whole[i], to)!, id: null }));
          return [first, ...steps];
        }
        if (this.#segments.has(node)) queue.push([...path, node]);
      }
    }
    return [first];
  }

  #linksOf(lane: Lane, segments: readonly Segment[]): Link[] {
    const { segment, id } = lane;
    const following = segments
      .filter(({ from }) => from === segment.to)
      .map(({ lanes }) => lanes[id] ?? lanes[0]);
    const preceding = segments
      .filter(({ to }) => to === segment.from)
      .map(({ lanes }) => lanes[id] ?? lanes[0]);
    return [
      ...following.map((link) => ({ lane: link, offset: lane.length })),
      ...preceding.map((link) => ({ lane: link, offset: -link.length })),
    ];
  }
}

/** The lane of `segment` that a vehicle takes which comes from `lane`. */
function entryOf(segment: Segment, id: number | null, lane: Lane, x: number, y: number): Lane {
  const { lanes } = segment;
  if (lanes.length === lane.segment.lanes.length) return lanes[id ?? lane.id];
  let nearest = lanes[0];
  for (const other of lanes) if (other.distance(x, y) < nearest.distance(x, y)) nearest = other;
  return nearest;
}
