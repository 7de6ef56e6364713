import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import type { Trainer } from './trainer.ts';
import type { StopReason, WaitReason } from './trainer-parts.ts';

/** Milliseconds of updates between two turns of the event loop, which moves the data. */
const SLICE_MS = 4;
const IDLE_FOLLOW_MS = 10;
const WAIT_MS = 2;
const EVALUATIONS_MS = 100;

/** Seconds the learner could not train, by reason. */
export type Waits = Record<WaitReason, number>;

/**
 * Drives a trainer until it has a reason to stop, or until `signal` is aborted (then null). Experience comes in
 * beside the updates: the loop gives the event loop a turn every few milliseconds.
 * @throws whatever fails: the store, the channel, a checkpoint.
 */
export async function runTrainer(
  trainer: Trainer,
  signal: AbortSignal,
  waits: Waits,
): Promise<StopReason | null> {
  const ended = new AbortController();
  const stop = AbortSignal.any([signal, ended.signal]);
  // The loop below sees a failure here at its next turn.
  let failure: unknown = null;
  const beside = (task: Promise<void>): Promise<void> =>
    task.catch((error: unknown) => {
      failure ??= error;
    });
  const besides = [beside(follow(trainer, stop)), beside(collect(trainer, stop))];
  try {
    let sliceEnd = performance.now() + SLICE_MS;
    while (!signal.aborted) {
      if (failure !== null) throw failure;
      const reason = trainer.stopReason();
      if (reason) return reason;
      const wait = trainer.waitReason();
      if (wait) {
        const began = performance.now();
        trainer.startDueWork();
        await sleep(WAIT_MS);
        waits[wait] += (performance.now() - began) / 1000;
        continue;
      }
      await trainer.update();
      trainer.startDueWork();
      if (performance.now() >= sliceEnd) {
        await setImmediate();
        sliceEnd = performance.now() + SLICE_MS;
      }
    }
    return null;
  } finally {
    ended.abort();
    await Promise.all(besides);
  }
}

async function follow(trainer: Trainer, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const more = await trainer.synchronize();
    await sleep(more ? 1 : IDLE_FOLLOW_MS);
  }
}

async function collect(trainer: Trainer, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await trainer.collectEvaluations();
    await sleep(EVALUATIONS_MS);
  }
}
