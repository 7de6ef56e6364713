import { learnsFromRounds, type RunConfig } from '@qfleet/config';
import { LiveDisplay } from '../terminal/live-display.ts';
import { clock, integer, returned, short, style, table } from '../terminal/output.ts';
import { nearestBudget, type Progress } from './progress.ts';

/** Shows a run's progress. */
export class Display extends LiveDisplay<Progress> {
  constructor(config: RunConfig, json: boolean) {
    super(
      {
        block: (progress, columns) => block(progress, config, columns),
        line: (progress) => line(progress, config),
      },
      json,
    );
  }
}

function fill(progress: Progress, config: RunConfig): string {
  const share = progress.replayTransitions / config.replay.capacity;
  return `${(100 * share).toFixed(0)} %`;
}

function epsilon(range: readonly [number, number] | null): string {
  if (range === null) return '–';
  const [low, high] = range.map((value) => value.toPrecision(2));
  return low === high ? low : `${low} to ${high}`;
}

const mean = (value: number | null, goal: number | null = null): string =>
  value === null ? '–' : returned(value, goal);

function eta(progress: Progress, config: RunConfig): string {
  const budget = nearestBudget(progress, config.stop);
  if (budget === null) return 'no budget';
  const left = budget.secondsLeft === null ? '–' : clock(budget.secondsLeft);
  return `${left} left to ${short(budget.limit)} ${budget.name}`;
}

/** One line: for logs. */
export function line(progress: Progress, config: RunConfig): string {
  return [
    clock(progress.seconds),
    `${integer(progress.steps)} env steps (${short(progress.stepsPerSecond)}/s)`,
    `${integer(progress.updates)} updates (${short(progress.updatesPerSecond)}/s)`,
    `return ${mean(progress.meanReturn)}`,
    `evaluation ${mean(progress.evaluation, config.stop.solvedReturn)}`,
    `epsilon ${epsilon(progress.epsilon)}`,
    ...(learnsFromRounds(config) ? [] : [`replay ${fill(progress, config)}`]),
    eta(progress, config),
  ].join(' · ');
}

/** Columns below which the block does without its notes. */
const WIDE = 72;

/** The block on a terminal of that many columns. */
export function block(progress: Progress, config: RunConfig, columns = 80): string {
  const goal = config.stop.solvedReturn;
  const budget = nearestBudget(progress, config.stop);
  const length = Math.min(30, columns - 1);
  const filled = Math.round(length * (budget?.done ?? 0));
  const bar = style('green', '█'.repeat(filled)) + style('dim', '░'.repeat(length - filled));
  const rows = [
    [
      'env steps',
      integer(progress.steps),
      `${short(progress.stepsPerSecond)}/s by ${progress.actors} actors`,
    ],
    ['updates', integer(progress.updates), `${short(progress.updatesPerSecond)}/s`],
    ['return', mean(progress.meanReturn), 'mean of the last episodes, exploring'],
    [
      'evaluation',
      mean(progress.evaluation, goal),
      goal === null ? 'greedy' : `greedy; training stops at ${goal}`,
    ],
    ['epsilon', epsilon(progress.epsilon), ''],
    ...(learnsFromRounds(config)
      ? []
      : [['replay', integer(progress.replayTransitions), `transitions, ${fill(progress, config)} full`]]),
  ];
  const body = table(
    rows.map(([name, value, note]) => [
      style('dim', name),
      style('bold', value),
      ...(columns < WIDE ? [] : [style('dim', note)]),
    ]),
    [1],
  );
  const gap = columns < WIDE ? '\n' : ' ';
  return `${body}\n${bar}${gap}${clock(progress.seconds)} · ${eta(progress, config)}`;
}
