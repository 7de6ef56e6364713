import { join } from 'node:path';
import type { RunDirectory, RunSummary } from '@qfleet/report';
import { suggest } from '../suggest.ts';
import { clock, cutShortNote, integer, returnedAs, style, table } from '../terminal/output.ts';
import { trustOption } from '../trust.ts';

/** Why training ended. */
export const stops: Readonly<Record<RunSummary['stopReason'], string>> = {
  solved: 'an evaluation reached stop.solvedReturn, and so did fresh episodes',
  maxUpdates: 'stop.maxUpdates is reached',
  maxSteps: 'stop.maxSteps is reached',
  maxSeconds: 'stop.maxSeconds is reached',
  interrupted: 'interrupted',
  failed: 'failed',
};

/**
 * What came of a run, for people: the result, where it is kept, what to try next.
 *
 * @param goal the mean return at which the task counts as solved; null: nobody says.
 */
export function describeResult(
  summary: RunSummary,
  directory: RunDirectory,
  shownPath: string,
  goal: number | null,
): string {
  const { envSteps, updates, trainingSeconds, stopReason, evaluation } = summary;
  const amount = `${integer(envSteps)} env steps, ${integer(updates)} updates, ${trainingSeconds.toFixed(1)} s of training`;
  if (stopReason === 'interrupted') {
    const kept = updates > 0 ? `a checkpoint at update ${integer(updates)}` : 'nothing learned yet';
    return `Interrupted after ${clock(trainingSeconds)} with ${kept}. To go on:\n  ${suggest('resume', shownPath, ...trustOption(directory))}`;
  }
  const lines: string[] = [];
  if (evaluation !== null) {
    const headline = summary.solved ? style(['bold', 'green'], 'Solved') : style('bold', 'Done');
    lines.push(
      `${headline}: greedy return ${returnedAs(evaluation.mean, evaluation.std, goal, directory.config.stop.solvedReturn)} over ${evaluation.episodes} episodes${cutShortNote(evaluation.cutShort)}${reached(evaluation.mean, goal, summary.environment, directory)}.`,
    );
  }
  lines.push(
    `Training ended because ${stops[stopReason]}: ${amount}.`,
    `Run directory: ${shownPath} (${join(shownPath, 'curve.svg')}, summary.json, checkpoints)`,
    '',
    'Next:',
    table(
      suggestions(summary, directory, shownPath).map(([command, does]) => [
        `  ${command}`,
        style('dim', does),
      ]),
    ),
  );
  return lines.join('\n');
}

/** Where the run's own goal is not the one at which the task counts as solved: which was reached, and which was not. */
function reached(mean: number, goal: number | null, environment: string, { config }: RunDirectory): string {
  const { solvedReturn } = config.stop;
  if (goal === null || solvedReturn === null || mean >= goal === mean >= solvedReturn) return '';
  return mean >= goal
    ? ` (${environment} is solved at ${goal}; stop.solvedReturn ${solvedReturn} was not reached)`
    : ` (stop.solvedReturn ${solvedReturn} was reached; ${environment} is solved at ${goal})`;
}

function suggestions(summary: RunSummary, directory: RunDirectory, shownPath: string): [string, string][] {
  const { stop, fleet } = directory.config;
  const again = (option: string, value: number): string =>
    suggest('train', join(shownPath, 'config.yaml'), option, String(value));
  const commands: [string, string][] = [
    [suggest('eval', shownPath, '--episodes', '100', ...trustOption(directory)), 'play more episodes'],
  ];
  if (summary.stopReason === 'maxUpdates' && stop.maxUpdates !== null) {
    commands.push([again('--max-updates', 2 * stop.maxUpdates), 'train longer']);
  }
  commands.push(
    [again('--actors', 2 * fleet.actors), 'more actors'],
    [again('--seed', summary.seed + 1), 'another seed'],
    [suggest('top'), 'the live fleet, while a run goes on'],
  );
  return commands;
}
