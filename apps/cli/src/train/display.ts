import { learnsFromRounds, type RunConfig } from '@qfleet/config';
import logUpdate from 'log-update';
import { clock, fold, integer, returned, short, style, table } from '../terminal/output.ts';
import { nearestBudget, type Progress } from './progress.ts';

/** Seconds between two lines where stdout is no terminal. */
const lineInterval = 5;
/** The most bytes that wait for a slow reader; what comes then is left out. */
const longestWaitBytes = 1 << 16;

/**
 * Shows a run's progress: a block that is rewritten in place on a terminal, a line every few seconds elsewhere.
 * With `json` the lines go to stderr, since stdout belongs to the one document.
 */
export class Display {
  readonly #config: RunConfig;
  readonly #stream: NodeJS.WriteStream;
  readonly #inPlace: boolean;
  #lastLine = Number.NEGATIVE_INFINITY;

  constructor(config: RunConfig, json: boolean) {
    this.#config = config;
    this.#stream = json ? process.stderr : process.stdout;
    this.#inPlace = !json && process.stdout.isTTY === true;
  }

  /** A line that stays. */
  say(text: string): void {
    if (this.#inPlace) logUpdate.clear();
    this.#write(this.#stream, fold(text, this.#inPlace ? this.#stream.columns : undefined));
  }

  /** A warning: above the block, or on stderr. */
  warn(text: string): void {
    if (this.#inPlace) this.say(style('yellow', text));
    else this.#write(process.stderr, text);
  }

  update(progress: Progress): void {
    if (this.#inPlace) {
      logUpdate(block(progress, this.#config, this.#stream.columns));
      return;
    }
    const now = performance.now() / 1000;
    if (now - this.#lastLine < lineInterval) return;
    this.#lastLine = now;
    this.#write(this.#stream, line(progress, this.#config));
  }

  #write(stream: NodeJS.WriteStream, text: string): void {
    if (stream.writableLength < longestWaitBytes) stream.write(`${text}\n`);
  }

  /** Leaves the last block where it is; what follows goes below it. */
  close(): void {
    if (this.#inPlace) logUpdate.done();
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
