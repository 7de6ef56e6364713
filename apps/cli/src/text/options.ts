import type { TextRunConfig } from '@qfleet/single';
import { UsageError } from '../errors.ts';

/** The task whose data is a text. */
export const TEXT_TASK: TextRunConfig['task'] = 'text/lm';

/** The options of `qfleet train text/lm`. */
export interface TextTrainOptions {
  readonly data?: string;
  readonly model?: string;
  readonly from?: string;
  readonly context?: number;
  readonly learningRate?: number;
  readonly maxUpdates?: number;
  readonly maxSeconds?: number;
  readonly seed?: number;
  readonly runDir?: string;
  readonly json?: true;
}

/** The options of `qfleet resume` of such a run. */
export interface TextResumeOptions {
  readonly data?: string;
  readonly maxUpdates?: number;
  readonly maxSeconds?: number;
  readonly json?: true;
}

/** Options that only a text has, as they are written. `--data`, `--model` and `--context` are of agents that speak too. */
const OWN = { learningRate: '--learning-rate' };

/** Options that only an environment has. */
const OTHERS = {
  ...{ preset: '--preset', set: '--set', actors: '--actors', single: '--single', redis: '--redis' },
  ...{ maxSteps: '--max-steps', offline: '--offline', keepReplay: '--keep-replay', detach: '--detach' },
  ...{ env: '--env', trust: '--trust' },
};

/** @throws UsageError where an option has no meaning for what is trained. */
export function checkTaskOptions(what: string, options: object): void {
  const isText = what === TEXT_TASK;
  const wrong = Object.entries(isText ? OTHERS : OWN).find(([name]) => Object.hasOwn(options, name));
  if (wrong === undefined) return;
  const [, option] = wrong;
  throw new UsageError(
    isText
      ? `${option} is for agents in an environment: leave it out for ${TEXT_TASK}.`
      : `${option} is for texts, which \`train ${TEXT_TASK}\` learns: leave it out.`,
  );
}
