import type { Lane } from '../native/highway/lane.ts';
import { BLUE, BROWN, FAINT, GREEN, GREY, RED } from './colours.ts';
import { lines, oblong, type Picture, type Point, type Shape } from './picture.ts';

/** A body on a road, from above: metres, radians. */
export interface DrawnBody {
  readonly x: number;
  readonly y: number;
  readonly heading: number;
  readonly length: number;
  readonly width: number;
  readonly crashed: boolean;
}

/** How far is seen from the agent's vehicle along each axis, in metres. */
const SIGHT = 60;
/** What is seen beside the outermost lanes, and how far a line goes on out of sight, in metres. */
const MARGIN = 5;
/** Metres between the points of a lane. */
const STEP = 2;

type Line = Pick<Lane, 'length' | 'width' | 'xAt' | 'yAt'>;

/** A road from above around the agent's vehicle, in metres; y grows downwards, so that right of travel is right. */
export function roadPicture(
  lanes: readonly Line[],
  obstacles: readonly DrawnBody[],
  vehicles: readonly DrawnBody[],
  ego: DrawnBody,
): Picture {
  const isNear = (x: number, y: number) =>
    Math.max(Math.abs(x - ego.x), Math.abs(y - ego.y)) <= SIGHT + MARGIN;
  const stretches = lanes.flatMap((lane) => stretchesOf(lane, isNear).map((ways) => ({ lane, ways })));
  const along = (lateral: (lane: Line) => number): Point[][] =>
    stretches.map(({ lane, ways }) =>
      straightened(ways.map((s): Point => [lane.xAt(s, lateral(lane)), lane.yAt(s, lateral(lane))])),
    );
  const middles = along(() => 0);
  const edges = [...along(({ width }) => -width / 2), ...along(({ width }) => width / 2)];
  const width = lanes[0]?.width ?? 0;
  return {
    view: viewOf([...middles.flat(), [ego.x, ego.y]], ego),
    up: false,
    shapes: [
      lines(middles, width, FAINT),
      lines(edges, 0.25, GREY),
      ...obstacles.map((obstacle) => bodyShape(obstacle, BROWN)),
      ...vehicles.filter((vehicle) => vehicle !== ego && isNear(vehicle.x, vehicle.y)).flatMap(otherShapes),
      ...vehicleShapes(ego, GREEN),
    ],
    legend: [
      { label: 'agent', colour: GREEN },
      { label: 'traffic', colour: BLUE },
      { label: 'crashed', colour: RED },
      ...(obstacles.length === 0 ? [] : [{ label: 'obstacle', colour: BROWN }]),
    ],
  };
}

const bodyShape = ({ x, y, heading, length, width }: DrawnBody, colour: string): Shape =>
  oblong([x, y], length, width, heading, colour);

/** One that crashed has a spot. */
const vehicleShapes = (vehicle: DrawnBody, colour: string): Shape[] => [
  bodyShape(vehicle, colour),
  ...(vehicle.crashed ? [oblong([vehicle.x, vehicle.y], 2.5, 1.2, vehicle.heading, RED)] : []),
];

const otherShapes = (vehicle: DrawnBody): Shape[] => vehicleShapes(vehicle, BLUE);

/** The ways along a lane, in metres, of each stretch of it that is near. */
function stretchesOf(lane: Line, isNear: (x: number, y: number) => boolean): number[][] {
  const parts = Math.max(Math.ceil(lane.length / STEP), 1);
  const stretches: number[][] = [];
  let stretch: number[] = [];
  for (let i = 0; i <= parts; i++) {
    const s = (lane.length * i) / parts;
    if (isNear(lane.xAt(s, 0), lane.yAt(s, 0))) stretch.push(s);
    else if (stretch.length > 0) {
      stretches.push(stretch);
      stretch = [];
    }
  }
  stretches.push(stretch);
  return stretches.filter(({ length }) => length > 1);
}

/** The same line without the points that lie between their neighbours, within a millimetre. */
function straightened(points: readonly Point[]): Point[] {
  const kept = [points[0]];
  for (let i = 1; i < points.length - 1; i++) {
    const [x, y] = kept[kept.length - 1];
    const [nextX, nextY] = points[i + 1];
    const away = (points[i][0] - x) * (nextY - y) - (points[i][1] - y) * (nextX - x);
    if (Math.abs(away) > 0.001 * Math.hypot(nextX - x, nextY - y)) kept.push(points[i]);
  }
  kept.push(points[points.length - 1]);
  return kept;
}

/** What is seen: around the points, no further than the sight of the agent's vehicle. */
function viewOf(points: readonly Point[], ego: DrawnBody): Picture['view'] {
  const range = (axis: 0 | 1, middle: number) => {
    const values = points.map((point) => point[axis]);
    const low = Math.max(Math.min(...values) - MARGIN, middle - SIGHT);
    return [low, Math.min(Math.max(...values) + MARGIN, middle + SIGHT) - low];
  };
  const [[x, width], [y, height]] = [range(0, ego.x), range(1, ego.y)];
  return { x, y, width, height };
}
