import { learnsFromRounds, type RunConfig } from '@qfleet/config';
import { LiveDisplay } from '../terminal/live-display.ts';
import { clock, integer, returned, short, style, table } from '../terminal/output.ts';
import { nearestBudget, type Progress } from './progress.ts';
import { stepsName, transitionsName } from './steps-name.ts';

/** Shows a run's progress. */
export class Display extends LiveDisplay<Progress> {
  /** @param how `offline`: nothing is played. */
  constructor(config: RunConfig, { json, offline }: { json: boolean; offline: boolean }) {
    super(
      {
        block: (progress, columns) => block(progress, config, columns, offline),
        line: (progress) => line(progress, config, offline),
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
export function line(progress: Progress, config: RunConfig, offline = false): string {
  const updates = `${integer(progress.updates)} updates (${short(progress.updatesPerSecond)}/s)`;
  const evaluation = `evaluation ${mean(progress.evaluation, config.stop.solvedReturn)}`;
  const figures = offline
    ? [updates, evaluation]
    : [
        `${integer(progress.steps)} ${stepsName(config)} (${short(progress.stepsPerSecond)}/s)`,
        updates,
        `return ${mean(progress.meanReturn)}`,
        evaluation,
        `epsilon ${epsilon(progress.epsilon)}`,
        ...(learnsFromRounds(config) ? [] : [`replay ${fill(progress, config)}`]),
      ];
  return [clock(progress.seconds), ...figures, eta(progress, config)].join(' · ');
}

/** Columns below which the block does without its notes. */
const WIDE = 72;

/** The block on a terminal of that many columns. */
export function block(progress: Progress, config: RunConfig, columns = 80, offline = false): string {
  const goal = config.stop.solvedReturn;
  const budget = nearestBudget(progress, config.stop);
  const length = Math.min(30, columns - 1);
  const filled = Math.round(length * (budget?.done ?? 0));
  const bar = style('green', '█'.repeat(filled)) + style('dim', '░'.repeat(length - filled));
  const updates = ['updates', integer(progress.updates), `${short(progress.updatesPerSecond)}/s`];
  const evaluation = [
    'evaluation',
    mean(progress.evaluation, goal),
    goal === null ? 'greedy' : `greedy; training stops at ${goal}`,
  ];
  const played = [
    [
      stepsName(config),
      integer(progress.steps),
      `${short(progress.stepsPerSecond)}/s by ${progress.actors} actors`,
    ],
    updates,
    ['return', mean(progress.meanReturn), 'mean of the last episodes, exploring'],
    evaluation,
    ['epsilon', epsilon(progress.epsilon), ''],
    ...(learnsFromRounds(config)
      ? []
      : [
          [
            'replay',
            integer(progress.replayTransitions),
            `${transitionsName(config)}, ${fill(progress, config)} full`,
          ],
        ]),
  ];
  const recorded = [
    updates,
    evaluation,
    ['replay', integer(progress.replayTransitions), `recorded ${transitionsName(config)}`],
  ];
  const body = table(
    (offline ? recorded : played).map(([name, value, note]) => [
      style('dim', name),
      style('bold', value),
      ...(columns < WIDE ? [] : [style('dim', note)]),
    ]),
    [1],
  );
  const gap = columns < WIDE ? '\n' : ' ';
  return `${body}\n${bar}${gap}${clock(progress.seconds)} · ${eta(progress, config)}`;
}
