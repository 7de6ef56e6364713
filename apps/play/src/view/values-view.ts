import type { Stage, StageActions } from '../stage.ts';
import { colour, element, fitCanvas, shown } from './elements.ts';

/** One action's row. */
interface Row {
  readonly row: HTMLTableRowElement;
  readonly canvas: HTMLCanvasElement;
  readonly number: HTMLTableCellElement;
  readonly marks: HTMLTableCellElement;
  readonly button: HTMLButtonElement;
}

/** Mass of a histogram below which an atom does not widen the axis. */
const SEEN = 1e-3;

/** Q(s, ·) as bars, or the distributions that it is the mean of; which action is greedy, and which was taken last. */
export class ValuesView {
  readonly #stage: Stage;
  readonly #rows: readonly Row[];
  /** The axis: what was seen in this episode. */
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;

  /** @param act an action's button goes down (true) or up. */
  constructor(stage: Stage, { names }: StageActions, act: (action: number, down: boolean) => void) {
    this.#stage = stage;
    const table = element<HTMLTableElement>('values');
    table.classList.toggle('spread', stage.spread !== null);
    element('values-kind').textContent = stage.spread === null ? 'Q' : 'Distribution of the return';
    this.#rows = names.map(({ name }, action) => makeRow(name, (down) => act(action, down)));
    table.tBodies[0].replaceChildren(...this.#rows.map(({ row }) => row));
    new ResizeObserver(() => this.#paint()).observe(table);
  }

  /** The axis begins anew. */
  clear(): void {
    this.#low = Number.POSITIVE_INFINITY;
    this.#high = Number.NEGATIVE_INFINITY;
  }

  /** @param taken the last action; −1: none yet. @param human whether a person may act. */
  draw(taken: number, human: boolean): void {
    const { values, mask, greedy } = this.#stage;
    this.#rows.forEach(({ row, number, marks, button }, action) => {
      const allowed = mask[action] === 1;
      number.textContent = shown(values[action]);
      row.classList.toggle('greedy', action === greedy);
      row.classList.toggle('barred', !allowed);
      button.disabled = !human || !allowed;
      setMarks(marks, action === greedy, action === taken);
    });
    this.#paint();
  }

  #paint(): void {
    this.#widen();
    const palette = { bar: colour('--bar'), best: colour('--best'), ink: colour('--ink') };
    this.#rows.forEach(({ canvas }, action) => {
      if (!fitCanvas(canvas)) return;
      const context = canvas.getContext('2d')!;
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = action === this.#stage.greedy ? palette.best : palette.bar;
      if (this.#stage.spread === null) this.#bar(context, action);
      else this.#distribution(context, action);
      context.fillStyle = palette.ink;
      const at = this.#at(this.#stage.values[action], canvas.width);
      if (this.#stage.spread !== null)
        context.fillRect(at - devicePixelRatio, 0, 2 * devicePixelRatio, canvas.height);
    });
    const [low, high] = element('values-axis').children;
    const known = this.#low <= this.#high;
    low.textContent = known ? shown(this.#low) : '';
    high.textContent = known ? shown(this.#high) : '';
  }

  /** Widens the axis to what is shown now. */
  #widen(): void {
    const { values, distributions, spread } = this.#stage;
    const see = (value: number): void => {
      this.#low = Math.min(this.#low, value);
      this.#high = Math.max(this.#high, value);
    };
    values.forEach(see);
    if (spread === null || distributions === null) return;
    distributions.forEach((value, i) => {
      if (spread.kind === 'quantiles') see(value);
      else if (value >= SEEN) see(spread.places[i % spread.places.length]);
    });
  }

  #at(value: number, width: number): number {
    const range = this.#high - this.#low;
    return range > 0 ? ((value - this.#low) / range) * width : width / 2;
  }

  #bar(context: CanvasRenderingContext2D, action: number): void {
    const { width, height } = context.canvas;
    // The least value still is a bar.
    const length = Math.max(2 * devicePixelRatio, this.#at(this.#stage.values[action], width));
    context.beginPath();
    context.roundRect(0, height * 0.18, length, height * 0.64, 3 * devicePixelRatio);
    context.fill();
  }

  #distribution(context: CanvasRenderingContext2D, action: number): void {
    const { spread, distributions } = this.#stage;
    const { width, height } = context.canvas;
    const count = spread!.places.length;
    const numbers = distributions!.subarray(action * count, (action + 1) * count);
    const { places, density } =
      spread!.kind === 'histogram'
        ? { places: spread!.places, density: [...numbers] }
        : densityOf(
            [...numbers].sort((a, b) => a - b),
            (this.#high - this.#low) / 60,
          );
    const most = Math.max(...density);
    context.globalAlpha = 0.75;
    context.beginPath();
    context.moveTo(this.#at(places[0], width), height);
    places.forEach((place, i) => {
      context.lineTo(this.#at(place, width), height * (1 - (0.94 * density[i]) / most));
    });
    context.lineTo(this.#at(places[places.length - 1], width), height);
    context.fill();
    context.globalAlpha = 1;
  }
}

/** The density of equally likely quantiles: Gaussian kernels of a width, at 60 places. */
function densityOf(quantiles: readonly number[], width: number): { places: number[]; density: number[] } {
  const reach = Math.max(width, Number.MIN_VALUE) * 2;
  const [low, high] = [quantiles[0] - 2 * reach, quantiles[quantiles.length - 1] + 2 * reach];
  const places = Array.from({ length: 60 }, (_, i) => low + ((high - low) * i) / 59);
  const density = places.map((place) =>
    quantiles.reduce((sum, quantile) => sum + Math.exp(-0.5 * ((place - quantile) / reach) ** 2), 0),
  );
  return { places, density };
}

function makeRow(name: string, act: (down: boolean) => void): Row {
  const row = document.createElement('tr');
  const head = document.createElement('th');
  head.scope = 'row';
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = name;
  button.addEventListener('pointerdown', () => act(true));
  for (const up of ['pointerup', 'pointerleave', 'pointercancel'])
    button.addEventListener(up, () => act(false));
  // From the keyboard, or by a screen reader.
  button.addEventListener('click', ({ detail }) => {
    if (detail !== 0) return;
    act(true);
    act(false);
  });
  head.append(button);
  const plot = document.createElement('td');
  plot.className = 'plot';
  const canvas = document.createElement('canvas');
  canvas.ariaHidden = 'true';
  plot.append(canvas);
  const number = document.createElement('td');
  number.className = 'number';
  const marks = document.createElement('td');
  marks.className = 'marks';
  row.append(head, plot, number, marks);
  return { row, canvas, number, marks, button };
}

function setMarks(cell: HTMLTableCellElement, greedy: boolean, taken: boolean): void {
  const wanted = `${greedy ? 'greedy ' : ''}${taken ? 'taken' : ''}`;
  if (cell.dataset['marks'] === wanted) return;
  cell.dataset['marks'] = wanted;
  const mark = (kind: string): HTMLElement => {
    const made = document.createElement('span');
    made.className = `mark ${kind}`;
    made.textContent = kind;
    return made;
  };
  cell.replaceChildren(...(greedy ? [mark('greedy')] : []), ' ', ...(taken ? [mark('taken')] : []));
}
