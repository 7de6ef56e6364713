import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessContext } from '@qfleet/fleet';
import { EvaluationPlayer, PATIENCE_SECONDS, type StopReason, type Trainer } from '@qfleet/training';

/** How long the end of a run waits for evaluations that were asked for. */
const LAST_EVALUATIONS_MS = 15_000;
const POLL_MS = 50;

/** Waits for the evaluations that evaluators still play: they may find a better checkpoint. */
export async function awaitEvaluations(trainer: Trainer): Promise<void> {
  const until = performance.now() + LAST_EVALUATIONS_MS;
  while (trainer.scores.pending > 0 && performance.now() < until) {
    await sleep(POLL_MS);
    await trainer.collectEvaluations();
  }
}

/**
 * Plays the last evaluation of a run that is over, in this process: it needs no evaluator, and no Redis.
 *
 * @param signal aborted: it is cancelled.
 * @returns false where it was cancelled, so that the run is not over yet.
 * @throws EnvironmentError
 */
export async function conclude(
  { log, warn, outliveUserCode }: ProcessContext,
  trainer: Trainer,
  reason: StopReason,
  signal: AbortSignal,
): Promise<boolean> {
  const { config } = trainer;
  if (config.environment.onError === 'restart') outliveUserCode();
  const evaluation = await trainer.conclude(reason, async (request) => {
    const player = await EvaluationPlayer.create(config);
    return player.play(request, {
      cancelled: () => signal.aborted,
      warn,
      ...(reason === 'maxSeconds' ? { patience: PATIENCE_SECONDS } : {}),
    });
  });
  if (evaluation !== null) log.info(`The best checkpoint's mean return at the end: ${evaluation.mean}.`);
  return evaluation !== null || !signal.aborted;
}
