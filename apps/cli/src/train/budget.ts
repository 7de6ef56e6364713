import { learningBegins, type RunConfig } from '@qfleet/config';
import type { RunSummary } from '@qfleet/report';
import { suggest } from '../suggest.ts';
import { integer } from '../terminal/output.ts';
import { transitionsName } from './steps-name.ts';

/** The option that raises a budget, by the reason it gives to stop. */
const options = {
  maxUpdates: '--max-updates',
  maxSteps: '--max-steps',
  maxSeconds: '--max-seconds',
} as const;

/** Whether a budget ended training, rather than a goal, a failure or the user. */
export const isBudget = (reason: RunSummary['stopReason']): reason is keyof typeof options =>
  Object.hasOwn(options, reason);

/** The options that give a run twice the budget that ended it; steps reach beyond where learning begins. */
export function moreBudget(reason: keyof typeof options, config: RunConfig): readonly string[] {
  const doubled = 2 * (config.stop[reason] ?? 0);
  const least = 2 * learningBegins(config).transitions;
  return [options[reason], String(reason === 'maxSteps' ? Math.max(doubled, least) : doubled)];
}

/** One sentence where a run's budget ended before the first update; null: it learned, or something else ended it. */
export function endedBeforeLearning(
  { stopReason, updates, offline }: RunSummary,
  config: RunConfig,
  path: string,
): string | null {
  if (updates > 0 || !isBudget(stopReason)) return null;
  const again = suggest('resume', path, ...moreBudget(stopReason, config));
  const { transitions, fields } = learningBegins(config);
  const takes = offline ? '' : `, which takes ${integer(transitions)} ${transitionsName(config)} (${fields})`;
  return (
    `stop.${stopReason} (${integer(config.stop[stopReason] ?? 0)}) ended the run before learning began${takes}. ` +
    `To go on with more: ${again}`
  );
}
