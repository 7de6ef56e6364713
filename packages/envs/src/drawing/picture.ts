/** A point in an environment's own coordinates. */
export type Point = readonly [x: number, y: number];

/** A rectangle along the axes; `x` and `y` are its least coordinates. */
export interface Rectangle {
  readonly kind: 'rectangle';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly colour: string;
}

/** A disc about (`x`, `y`). */
export interface Circle {
  readonly kind: 'circle';
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly colour: string;
}

/** A filled polygon, its corners in order. */
export interface Polygon {
  readonly kind: 'polygon';
  readonly points: readonly Point[];
  readonly colour: string;
}

/** Lines of one width and colour, which is painted once where they cross. */
export interface Lines {
  readonly kind: 'lines';
  readonly paths: readonly (readonly Point[])[];
  readonly width: number;
  readonly colour: string;
}

/** What a picture is made of. */
export type Shape = Rectangle | Circle | Polygon | Lines;

/** What a colour of a picture stands for. */
export interface LegendEntry {
  readonly label: string;
  readonly colour: string;
}

/** A state of an environment as shapes, in its own coordinates and units. Later shapes cover earlier ones. */
export interface Picture {
  /** What of the plane is seen; `x` and `y` are its least coordinates. */
  readonly view: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** Where y grows to: up as in mathematics, or down as on a screen and in a grid of rows. */
  readonly up: boolean;
  readonly shapes: readonly Shape[];
  readonly legend: readonly LegendEntry[];
}

export const rectangle = (
  x: number,
  y: number,
  width: number,
  height: number,
  colour: string,
): Rectangle => ({
  kind: 'rectangle',
  x,
  y,
  width,
  height,
  colour,
});

export const circle = (x: number, y: number, radius: number, colour: string): Circle => ({
  kind: 'circle',
  x,
  y,
  radius,
  colour,
});

export const polygon = (points: readonly Point[], colour: string): Polygon => ({
  kind: 'polygon',
  points,
  colour,
});

export const lines = (paths: readonly (readonly Point[])[], width: number, colour: string): Lines => ({
  kind: 'lines',
  paths,
  width,
  colour,
});

/** A rectangle around its middle, `length` long in the direction of `heading` (radians from the x axis towards y). */
export function oblong(
  [x, y]: Point,
  length: number,
  width: number,
  heading: number,
  colour: string,
): Polygon {
  const cos = Math.cos(heading);
  const sin = Math.sin(heading);
  const corner = (along: number, across: number): Point => [
    x + (along * length * cos - across * width * sin) / 2,
    y + (along * length * sin + across * width * cos) / 2,
  ];
  return polygon([corner(1, 1), corner(1, -1), corner(-1, -1), corner(-1, 1)], colour);
}
