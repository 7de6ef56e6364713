import type { Stage } from '../stage.ts';
import { element, fitCanvas } from './elements.ts';
import { FrameView } from './frame-view.ts';

/** Width over height of what draws itself. */
const DEFAULT_VIEW = { width: 4, height: 3 };
const UNSEEN = 'There is no frame of this state.';
/** How much higher than wide a picture may be shown, and how much wider than high. */
const LEAST_ASPECT = 0.9;
const MOST_ASPECT = 4;

/** The environment on its canvas. */
export class StageView {
  readonly #stage: Stage;
  readonly #canvas = element<HTMLCanvasElement>('canvas');
  readonly #frames = new FrameView();
  #legend = '';

  constructor(stage: Stage) {
    this.#stage = stage;
    new ResizeObserver(() => this.draw()).observe(this.#canvas);
  }

  draw(): void {
    const canvas = this.#canvas;
    const frame = this.#stage.frame();
    const picture = this.#stage.picture?.();
    const { width, height } = frame ?? picture?.view ?? DEFAULT_VIEW;
    const aspect = width / height;
    canvas.style.aspectRatio = String(Math.min(MOST_ASPECT, Math.max(LEAST_ASPECT, aspect)));
    if (!fitCanvas(canvas)) return;
    const context = canvas.getContext('2d')!;
    if (frame !== undefined) this.#frames.draw(context, frame);
    else if (this.#stage.draw?.(context) !== true) this.#note(context);
    this.#explain(picture?.legend ?? []);
  }

  /** What the colours stand for. */
  #explain(legend: readonly { readonly label: string; readonly colour: string }[]): void {
    const key = JSON.stringify(legend);
    if (key === this.#legend) return;
    this.#legend = key;
    element('legend').replaceChildren(
      ...legend.map(({ label, colour }) => {
        const item = document.createElement('li');
        const swatch = document.createElement('canvas');
        swatch.width = swatch.height = 12;
        const context = swatch.getContext('2d')!;
        context.fillStyle = colour;
        context.fillRect(0, 0, 12, 12);
        item.append(swatch, label);
        return item;
      }),
    );
  }

  #note(context: CanvasRenderingContext2D): void {
    const { width, height } = context.canvas;
    context.clearRect(0, 0, width, height);
    context.fillStyle = getComputedStyle(context.canvas).color;
    context.font = `${14 * devicePixelRatio}px system-ui, sans-serif`;
    context.textAlign = 'center';
    const why = this.#stage.draw === undefined ? UNSEEN : 'This environment has no draw(context, state).';
    context.fillText(why, width / 2, height / 2);
  }
}
