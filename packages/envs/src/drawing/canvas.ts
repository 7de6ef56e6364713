import type { Picture, Point, Shape } from './picture.ts';

/** What is drawn with of a canvas's 2D context: a browser's has it, and so have its likes in Node. */
export interface DrawingContext {
  readonly canvas: { readonly width: number; readonly height: number };
  fillStyle: unknown;
  strokeStyle: unknown;
  lineWidth: number;
  lineCap: string;
  lineJoin: string;
  save(): void;
  restore(): void;
  beginPath(): void;
  closePath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  rect(x: number, y: number, width: number, height: number): void;
  arc(x: number, y: number, radius: number, from: number, to: number): void;
  clip(): void;
  fill(): void;
  stroke(): void;
  clearRect(x: number, y: number, width: number, height: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
}

/** Draws a picture as large as the canvas allows, in its middle; what was there is cleared. */
export function drawPicture(context: DrawingContext, { view, up, shapes }: Picture): void {
  const { width, height } = context.canvas;
  const scale = Math.min(width / view.width, height / view.height);
  const left = (width - view.width * scale) / 2;
  const top = (height - view.height * scale) / 2;
  const onCanvas = ([x, y]: Point): Point => [
    left + (x - view.x) * scale,
    top + (up ? view.y + view.height - y : y - view.y) * scale,
  ];
  context.clearRect(0, 0, width, height);
  context.save();
  context.beginPath();
  context.rect(left, top, view.width * scale, view.height * scale);
  context.clip();
  for (const shape of shapes) drawShape(context, shape, scale, onCanvas);
  context.restore();
}

function drawShape(
  context: DrawingContext,
  shape: Shape,
  scale: number,
  onCanvas: (point: Point) => Point,
): void {
  context.fillStyle = shape.colour;
  context.beginPath();
  switch (shape.kind) {
    case 'rectangle': {
      const [left, top] = onCanvas([shape.x, shape.y]);
      const [right, bottom] = onCanvas([shape.x + shape.width, shape.y + shape.height]);
      context.rect(
        Math.min(left, right),
        Math.min(top, bottom),
        Math.abs(right - left),
        Math.abs(bottom - top),
      );
      break;
    }
    case 'circle': {
      const [x, y] = onCanvas([shape.x, shape.y]);
      context.arc(x, y, shape.radius * scale, 0, 2 * Math.PI);
      break;
    }
    case 'polygon':
      trace(context, shape.points, onCanvas);
      context.closePath();
      break;
    case 'lines':
      context.strokeStyle = shape.colour;
      context.lineWidth = shape.width * scale;
      context.lineCap = 'round';
      context.lineJoin = 'round';
      for (const path of shape.paths) trace(context, path, onCanvas);
      context.stroke();
      return;
  }
  context.fill();
}

function trace(context: DrawingContext, points: readonly Point[], onCanvas: (point: Point) => Point): void {
  points.forEach((point, i) => {
    const [x, y] = onCanvas(point);
    if (i === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  });
}
