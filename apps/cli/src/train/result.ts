import { join } from 'node:path';
import { learnsFromRecorded } from '@qfleet/config';
import { type Recorded, type RunDirectory, type RunSummary, readLaunch } from '@qfleet/report';
import { suggest } from '../suggest.ts';
import {
  clock,
  cutShortNote,
  integer,
  returned,
  returnedAs,
  shown,
  style,
  table,
} from '../terminal/output.ts';
import { howPlayed } from '../text/how-played.ts';
import { trustOption } from '../trust.ts';
import { stepsName, transitionsName } from './steps-name.ts';

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
  const { envSteps, updates, trainingSeconds, stopReason, evaluation, offline } = summary;
  const steps =
    offline === undefined && !learnsFromRecorded(directory.config)
      ? `${integer(envSteps)} ${stepsName(directory.config)}, `
      : '';
  const amount = `${steps}${integer(updates)} updates, ${trainingSeconds.toFixed(1)} s of training`;
  if (stopReason === 'interrupted') {
    const kept = updates > 0 ? `a checkpoint at update ${integer(updates)}` : 'nothing learned yet';
    return `Interrupted after ${clock(trainingSeconds)} with ${kept}. To go on:\n  ${suggest('resume', shownPath, ...trustOption(directory))}`;
  }
  const lines: string[] = [];
  if (evaluation !== null) {
    const headline = summary.solved ? style(['bold', 'green'], 'Solved') : style('bold', 'Done');
    lines.push(
      `${headline}: ${howPlayed(directory.config)} return ${returnedAs(evaluation.mean, evaluation.std, goal, directory.config.stop.solvedReturn)} over ${evaluation.episodes} episodes${cutShortNote(evaluation.cutShort)}${reached(evaluation.mean, goal, summary.environment, directory)}.`,
    );
  }
  if (offline !== undefined) lines.push(describeData(offline, goal, transitionsName(directory.config)));
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

/** What an offline run learned from, beside its result. */
function describeData(
  { transitions, episodes, meanReturn }: Recorded,
  goal: number | null,
  steps: string,
): string {
  const mean = meanReturn === null ? '' : `, whose mean return is ${returned(meanReturn, goal)}`;
  return `It learned from ${integer(transitions)} recorded ${steps} of ${integer(episodes)} whole episodes${mean}.`;
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
  const { mode, dialogues } = readLaunch(directory);
  const isFleet = mode === 'fleet';
  const recorded = (summary.offline?.sources ?? []).map(({ path }) => shown(path));
  const alone = isFleet ? [] : ['--single'];
  const told = dialogues === undefined ? [] : ['--data', shown(dialogues.path)];
  const data = recorded.length === 0 ? [...alone, ...told] : ['--offline', ...recorded];
  const again = (option: string, value: number): string =>
    suggest('train', join(shownPath, 'config.yaml'), option, String(value), ...data);
  const commands: [string, string][] = [
    [suggest('eval', shownPath, '--episodes', '100', ...trustOption(directory)), 'play more episodes'],
  ];
  if (summary.stopReason === 'maxUpdates' && stop.maxUpdates !== null) {
    commands.push([again('--max-updates', 2 * stop.maxUpdates), 'train longer']);
  }
  if (isFleet) commands.push([again('--actors', 2 * fleet.actors), 'more actors']);
  commands.push([again('--seed', summary.seed + 1), 'another seed']);
  if (isFleet) commands.push([suggest('top'), 'the live fleet, while a run goes on']);
  return commands;
}
