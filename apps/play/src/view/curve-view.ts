import type { CurvePoint } from '@qfleet/browser';
import uPlot from 'uplot';
import { colour, element, shown } from './elements.ts';

const HEIGHT = 190;

/** The learning curve so far: the mean return of training episodes, and the evaluations. */
export class CurveView {
  readonly #place = element('curve');
  #plot: uPlot | null = null;
  #points: readonly CurvePoint[] = [];

  constructor() {
    new ResizeObserver(() => this.#plot?.setSize({ width: this.#place.clientWidth, height: HEIGHT })).observe(
      this.#place,
    );
    // Its colours are on a canvas.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#make());
  }

  draw(points: readonly CurvePoint[]): void {
    this.#points = points;
    element('curve-text').textContent = sentence(points);
    if (points.length === 0) return;
    if (this.#plot === null) this.#make();
    else this.#plot.setData(this.#data());
  }

  #data(): uPlot.AlignedData {
    return [
      this.#points.map((point) => point[axisOf(this.#points).field]),
      this.#points.map(({ meanReturn }) => meanReturn),
      this.#points.map(({ evaluation }) => evaluation),
    ];
  }

  #make(): void {
    this.#plot?.destroy();
    if (this.#points.length === 0) return;
    const [ink, line] = [colour('--soft'), colour('--line')];
    const axis: uPlot.Axis = {
      stroke: ink,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1 },
      font: '11px system-ui, sans-serif',
    };
    const compact = new Intl.NumberFormat('en', { notation: 'compact' });
    this.#plot = new uPlot(
      {
        width: this.#place.clientWidth,
        height: HEIGHT,
        scales: { x: { time: false } },
        legend: { live: false },
        cursor: { show: false },
        axes: [
          { ...axis, values: (_, splits) => splits.map((each) => compact.format(each)) },
          { ...axis, size: 46, values: (_, splits) => splits.map((each) => compact.format(each)) },
        ],
        series: [
          { label: axisOf(this.#points).label },
          {
            label: 'training',
            stroke: colour('--soft'),
            width: 1.5,
            spanGaps: true,
            points: { show: false },
          },
          {
            label: 'evaluation',
            stroke: colour('--best'),
            width: 2,
            spanGaps: true,
            points: { show: true, size: 5, fill: colour('--best') },
          },
        ],
      },
      this.#data(),
      this.#place,
    );
  }
}

/** What the curve goes by: environment steps, or updates where it was learned without any. */
const axisOf = (points: readonly CurvePoint[]): { field: 'steps' | 'updates'; label: string } =>
  points.some(({ steps }) => steps > 0)
    ? { field: 'steps', label: 'environment steps' }
    : { field: 'updates', label: 'updates' };

/** What the curve says, for those who do not see it. */
function sentence(points: readonly CurvePoint[]): string {
  const last = points.findLast(({ meanReturn }) => meanReturn !== null);
  const evaluated = points.findLast(({ evaluation }) => evaluation !== null);
  if (last === undefined && evaluated === undefined) return 'No episode has ended yet.';
  const { field, label } = axisOf(points);
  return [
    `After ${(points.at(-1)?.[field] ?? 0).toLocaleString('en')} ${label}`,
    ...(last ? [`training returns ${shown(last.meanReturn!)} on average`] : []),
    ...(evaluated ? [`the last evaluation ${shown(evaluated.evaluation!)}`] : []),
  ]
    .join(', ')
    .concat('.');
}
