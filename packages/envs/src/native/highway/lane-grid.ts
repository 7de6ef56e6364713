import type { Lane } from './lane.ts';

/** The side of a cell, in metres. */
const CELL = 5;
/** How far around the lanes cells reach, in metres: farther out nobody is on one. */
const MARGIN = 20;
/** Parts of a lane that are looked at. */
const PARTS = 128;
/** How much longer a lane's curve is than its s, at most: sine lanes are measured along the line that they wind about. */
const SLOPE = 1.1;
/** Every lane that is nearer to a point than this, in metres, is among those of its cell; so is every lane that it is on. */
export const NEAR = 9;

/** The plane around a road in squares, each with what is known of the lanes for every point of it. */
export class LaneGrid {
  readonly #left: number;
  readonly #top: number;
  readonly #columns: number;
  readonly #rows: number;
  readonly #lanes: number;
  /** [rows, columns, lanes]: the least distance that a point of the cell can have from the lane, in metres. */
  readonly #distances: Float64Array;
  /** The lanes that are near to some point of each cell, in the order of the lanes. */
  readonly #nearby: Lane[][] = [];

  constructor(lanes: readonly Lane[]) {
    const paths = lanes.map(pathOf);
    const bound = (axis: 'x' | 'y', pick: (...values: number[]) => number) =>
      paths.reduce(
        (so, path) => path.points.reduce((far, point) => pick(far, point[axis]), so),
        paths[0].points[0][axis],
      );
    this.#left = bound('x', Math.min) - MARGIN;
    this.#top = bound('y', Math.min) - MARGIN;
    this.#columns = Math.ceil((bound('x', Math.max) + MARGIN - this.#left) / CELL);
    this.#rows = Math.ceil((bound('y', Math.max) + MARGIN - this.#top) / CELL);
    this.#lanes = lanes.length;
    this.#distances = new Float64Array(this.#rows * this.#columns * lanes.length);
    for (let cell = 0; cell < this.#rows * this.#columns; cell++) {
      const x = this.#left + ((cell % this.#columns) + 0.5) * CELL;
      const y = this.#top + (Math.floor(cell / this.#columns) + 0.5) * CELL;
      const apart = paths.map((path) => distanceTo(path, x, y) - CELL * Math.SQRT1_2);
      // A lane's own measure of distance is at least the straight way, divided by its slope.
      this.#distances.set(
        apart.map((distance) => Math.max(distance / SLOPE, 0)),
        cell * lanes.length,
      );
      this.#nearby.push(lanes.filter((_, i) => apart[i] <= SLOPE * NEAR));
    }
  }

  /** Where the distances of a point's cell begin; −1 outside of the grid, and for what is no point. */
  indexOf(x: number, y: number): number {
    const column = Math.floor((x - this.#left) / CELL);
    const row = Math.floor((y - this.#top) / CELL);
    const inside = column >= 0 && column < this.#columns && row >= 0 && row < this.#rows;
    return inside ? (row * this.#columns + column) * this.#lanes : -1;
  }

  /** A lower bound of the distance from lane number `lane`, for the cell at `index`. */
  leastDistance(index: number, lane: number): number {
    return this.#distances[index + lane];
  }

  /** The lanes that are nearer than `NEAR` to some point of the cell at `index`. */
  nearby(index: number): readonly Lane[] {
    return this.#nearby[index / this.#lanes];
  }
}

interface Path {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  /** How far the curve can be from the nearest of its points, in metres. */
  readonly gap: number;
}

function pathOf(lane: Lane): Path {
  const points = Array.from({ length: PARTS + 1 }, (_, i) => {
    const s = (lane.length * i) / PARTS;
    return { x: lane.xAt(s, 0), y: lane.yAt(s, 0) };
  });
  return { points, gap: (SLOPE * lane.length) / PARTS / 2 };
}

/** A lower bound of the straight way from a point to a lane. */
function distanceTo({ points, gap }: Path, x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (const point of points) {
    const dx = point.x - x;
    const dy = point.y - y;
    least = Math.min(least, dx * dx + dy * dy);
  }
  return Math.sqrt(least) - gap;
}
