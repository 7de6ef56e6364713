import { BLUE, BROWN, GREEN, GREY, OLIVE, ORANGE, PURPLE, RED } from './colours.ts';
import { cellMiddle, cellSquare, gridPicture } from './grid.ts';
import { circle, type LegendEntry, lines, type Picture, type Point } from './picture.ts';

const agent: LegendEntry = { label: 'agent', colour: BLUE };

/**
 * A map of tiles, with the agent on one of them.
 *
 * @param rows a letter a tile.
 * @param tiles what is drawn of each letter; nothing of others.
 * @param cell the agent's: row × columns + column.
 */
export function tilesPicture(
  rows: readonly string[],
  tiles: Readonly<Record<string, LegendEntry>>,
  cell: number,
): Picture {
  const columns = rows[0].length;
  const squares = [...rows.join('')].flatMap((letter, at) =>
    letter in tiles ? [cellSquare(at, columns, tiles[letter].colour)] : [],
  );
  const [x, y] = cellMiddle(cell, columns);
  return gridPicture(
    rows.length,
    columns,
    [...squares, circle(x, y, 0.28, agent.colour)],
    [agent, ...Object.values(tiles)],
  );
}

const STANDS: readonly LegendEntry[] = [
  { label: 'red', colour: RED },
  { label: 'green', colour: GREEN },
  { label: 'yellow', colour: OLIVE },
  { label: 'blue stand', colour: BLUE },
];

/** What a state of the taxi says. */
export interface DrawnTaxi {
  /** The cells of the four stands. */
  readonly stands: readonly number[];
  readonly taxi: number;
  /** The passenger's stand; null: in the taxi. */
  readonly passenger: number | null;
  /** The stand where the passenger wants to go. */
  readonly destination: number;
}

/**
 * The taxi in its town.
 *
 * @param map a text a row: between two squares stands '|' where there is a wall.
 */
export function taxiPicture(
  map: readonly string[],
  { stands, taxi, passenger, destination }: DrawnTaxi,
): Picture {
  const columns = (map[0].length - 1) / 2;
  const walls = map.flatMap((row, y) =>
    [...row].flatMap((letter, at): Point[][] =>
      letter === '|'
        ? [
            [
              [at / 2, y],
              [at / 2, y + 1],
            ],
          ]
        : [],
    ),
  );
  const [x, y] = cellMiddle(passenger === null ? taxi : stands[passenger], columns);
  const [goalX, goalY] = cellMiddle(stands[destination], columns);
  const ring = Array.from({ length: 33 }, (_, i): Point => {
    const angle = (i * Math.PI) / 16;
    return [goalX + 0.46 * Math.cos(angle), goalY + 0.46 * Math.sin(angle)];
  });
  return gridPicture(
    map.length,
    columns,
    [
      ...stands.map((stand, i) => cellSquare(stand, columns, STANDS[i].colour)),
      lines(walls, 0.08, GREY),
      cellSquare(taxi, columns, BROWN, 1),
      lines([ring], 0.08, PURPLE),
      circle(x, y, 0.16, ORANGE),
    ],
    [
      { label: 'taxi', colour: BROWN },
      { label: 'passenger', colour: ORANGE },
      { label: 'destination', colour: PURPLE },
      ...STANDS,
    ],
  );
}
