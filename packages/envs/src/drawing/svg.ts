import { GREY } from './colours.ts';
import type { Picture, Point, Shape } from './picture.ts';

// In pixels.
const MOST_WIDTH = 480;
const MOST_HEIGHT = 360;
const FONT = 13;
/** The height of a line of the legend, in pixels. */
const LINE = 22;
/** The width of an average letter, in pixels: labels have no more room than this gives them. */
const LETTER = 7;
const SWATCH = 12;
const GAP = 16;

/** A number of pixels, in hundredths, so that the same picture has the same bytes on every machine. */
const px = (x: number): string => String(Math.round(x * 100) / 100 + 0);

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** A picture as an SVG document, at most 480 pixels wide, with its legend below. `title` is for those who do not see it. */
export function writeSvg({ view, up, shapes, legend }: Picture, title: string): string {
  const scale = Math.min(MOST_WIDTH / view.width, MOST_HEIGHT / view.height);
  const [width, height] = [view.width * scale, view.height * scale];
  const place = ([x, y]: Point): Point => [
    (x - view.x) * scale,
    (up ? view.y + view.height - y : y - view.y) * scale,
  ];
  const { texts, height: below } = writeLegend(legend, MOST_WIDTH);
  const whole = below === 0 ? height : height + LINE / 2 + below;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${MOST_WIDTH}" height="${px(whole)}" viewBox="0 0 ${MOST_WIDTH} ${px(whole)}">`,
    `<title>${escaped(title)}</title>`,
    // It cuts off what lies beyond the view.
    `<svg x="${px((MOST_WIDTH - width) / 2)}" y="0" width="${px(width)}" height="${px(height)}">`,
    ...shapes.map((shape) => writeShape(shape, place, scale)),
    '</svg>',
    `<g transform="translate(0 ${px(height + LINE / 2)})" font-family="sans-serif" font-size="${FONT}">`,
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function writeShape(shape: Shape, place: (point: Point) => Point, scale: number): string {
  switch (shape.kind) {
    case 'rectangle': {
      const { x, y, width, height } = shape;
      // Opposite corners: which one is above depends on where y grows to.
      const [[x0, y0], [x1, y1]] = [place([x, y]), place([x + width, y + height])];
      return `<rect x="${px(x0)}" y="${px(Math.min(y0, y1))}" width="${px(x1 - x0)}" height="${px(Math.abs(y1 - y0))}" fill="${shape.colour}"/>`;
    }
    case 'circle': {
      const [x, y] = place([shape.x, shape.y]);
      return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(shape.radius * scale)}" fill="${shape.colour}"/>`;
    }
    case 'polygon':
      return `<path d="${pathOf(shape.points, place)}Z" fill="${shape.colour}"/>`;
    case 'lines': {
      const d = shape.paths.map((points) => pathOf(points, place)).join('');
      return `<path d="${d}" fill="none" stroke="${shape.colour}" stroke-width="${px(shape.width * scale)}" stroke-linejoin="round"/>`;
    }
  }
}

const pathOf = (points: readonly Point[], place: (point: Point) => Point): string =>
  `M${points.map((point) => place(point).map(px).join(' ')).join('L')}`;

/** The entries side by side, in as many lines as they need. */
function writeLegend(legend: Picture['legend'], width: number): { texts: string[]; height: number } {
  let [x, y] = [0, 0];
  const texts = legend.map(({ label, colour }) => {
    const needed = SWATCH + 6 + LETTER * label.length;
    if (x > 0 && x + needed > width) [x, y] = [0, y + LINE];
    const swatch = `<rect x="${x}" y="${y}" width="${SWATCH}" height="${SWATCH}" fill="${colour}"/>`;
    const text = `<text x="${x + SWATCH + 6}" y="${y + SWATCH - 1}" fill="${GREY}">${escaped(label)}</text>`;
    x += needed + GAP;
    return `${swatch}${text}`;
  });
  return { texts, height: legend.length === 0 ? 0 : y + LINE };
}
