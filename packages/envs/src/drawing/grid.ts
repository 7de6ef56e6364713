import { FAINT, PALETTE } from './colours.ts';
import { type LegendEntry, lines, type Picture, type Point, rectangle, type Shape } from './picture.ts';

/** How far a square is from the edges of its cell; what lies in a cell beside it is drawn further in. */
const INSET = 0.08;
const STEP_IN = 0.12;

/**
 * A square of one colour in a cell of a grid, whose cells are 1 wide.
 *
 * @param cell row × columns + column.
 * @param depth how many squares it lies upon: each is smaller than the one below.
 */
export function cellSquare(cell: number, columns: number, colour: string, depth = 0): Shape {
  const inset = INSET + STEP_IN * Math.min(depth, 3);
  const size = 1 - 2 * inset;
  return rectangle((cell % columns) + inset, Math.floor(cell / columns) + inset, size, size, colour);
}

/** The middle of a cell. */
export const cellMiddle = (cell: number, columns: number): Point => [
  (cell % columns) + 0.5,
  Math.floor(cell / columns) + 0.5,
];

/** A grid of cells, 1 wide, rows from above, with shapes on it. */
export function gridPicture(
  rows: number,
  columns: number,
  shapes: readonly Shape[],
  legend: readonly LegendEntry[],
): Picture {
  const across = Array.from({ length: rows + 1 }, (_, y): Point[] => [
    [0, y],
    [columns, y],
  ]);
  const down = Array.from({ length: columns + 1 }, (_, x): Point[] => [
    [x, 0],
    [x, rows],
  ]);
  const edge = 0.03;
  return {
    view: { x: -edge, y: -edge, width: columns + 2 * edge, height: rows + 2 * edge },
    up: false,
    shapes: [rectangle(0, 0, columns, rows, FAINT), lines([...across, ...down], edge, FAINT), ...shapes],
    legend,
  };
}

/**
 * A grid whose cells have several channels: a colour for each, the later ones of a cell further in.
 *
 * @param observation [rows, columns, channels], more than 0 where a cell has what the channel shows.
 * @param names what each channel shows, at most ten.
 */
export function channelPicture(
  observation: ArrayLike<number>,
  columns: number,
  names: readonly string[],
): Picture {
  const cells = observation.length / names.length;
  const shapes: Shape[] = [];
  for (let cell = 0; cell < cells; cell++) {
    let depth = 0;
    for (let channel = 0; channel < names.length; channel++) {
      if (observation[cell * names.length + channel] > 0) {
        shapes.push(cellSquare(cell, columns, PALETTE[channel], depth++));
      }
    }
  }
  return gridPicture(
    cells / columns,
    columns,
    shapes,
    names.map((label, channel) => ({ label, colour: PALETTE[channel] })),
  );
}
