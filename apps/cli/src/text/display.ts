import type { TextProgress } from '@qfleet/single';
import { LiveDisplay } from '../terminal/live-display.ts';
import { clock, integer, short, style, table } from '../terminal/output.ts';

/** What ends a run. */
export interface TextBudget {
  readonly maxUpdates: number | null;
  readonly maxSeconds: number | null;
}

/** Shows how a run on text goes. */
export const textDisplay = (budget: TextBudget, quiet: boolean): LiveDisplay<TextProgress> =>
  new LiveDisplay(
    {
      block: (progress) => {
        const rows = figures(progress, budget).map(([name, value]) => [style('dim', name), value]);
        return table([['time', clock(progress.time)], ...rows], [1]);
      },
      line: (progress) =>
        [clock(progress.time), ...figures(progress, budget).map(([name, value]) => `${name} ${value}`)].join(
          ' · ',
        ),
    },
    quiet,
  );

function figures(progress: TextProgress, budget: TextBudget): [name: string, value: string][] {
  const { time, updates, tokens, loss, evaluation } = progress;
  return [
    ['update', integer(updates)],
    ['loss', loss.toFixed(3)],
    ['perplexity', Math.exp(loss).toFixed(1)],
    ['held-out perplexity', evaluation === null ? '–' : evaluation.perplexity.toFixed(1)],
    ['tokens/s', short(tokens / time)],
    ['left', clock(secondsLeft({ time, updates }, budget))],
  ];
}

/** Until the first of the budgets is used up, at the pace so far. */
function secondsLeft(
  { time, updates }: Pick<TextProgress, 'time' | 'updates'>,
  { maxUpdates, maxSeconds }: TextBudget,
): number {
  const byUpdates =
    maxUpdates === null ? Number.POSITIVE_INFINITY : ((maxUpdates - updates) * time) / updates;
  return Math.max(0, Math.min(byUpdates, (maxSeconds ?? Number.POSITIVE_INFINITY) - time));
}
