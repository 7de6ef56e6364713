import { once } from 'node:events';
import { EnvironmentError } from '@qfleet/envs';
import { EvaluationWorker, Heartbeats, isOver, runProcess, waitForRun } from '@qfleet/fleet';
import { EvaluationPlayer } from '@qfleet/training';

await runProcess(
  'evaluator',
  async ({ env, log, redis, connect, signal, outlast, warn, checkRevision, outliveUserCode }) => {
    const record = await outlast(() => waitForRun(redis, env.run, { log, signal, active: true }));
    const { config } = record;
    const player = await EvaluationPlayer.create(config);
    if (config.environment.onError === 'restart') outliveUserCode();
    const runEnded = new AbortController();
    /** Aborted with what the environment threw: no attempt would end better. */
    const failed = new AbortController();
    const said = new Set<string>();
    const warnOnce = (sentence: string): void => {
      if (!said.has(sentence)) warn(sentence);
      said.add(sentence);
    };
    const worker = new EvaluationWorker({
      redis,
      weights: await connect('weights'),
      run: env.run,
      evaluate: async (request, stop) => {
        const limits = { cancelled: () => stop.aborted, warn: warnOnce };
        const result = await player.play(request, limits).catch((error: unknown) => {
          if (error instanceof EnvironmentError) failed.abort(error);
          throw error;
        });
        stop.throwIfAborted();
        // Only what is cancelled has no result.
        return result!;
      },
      log,
    });
    const heartbeats = new Heartbeats({
      redis,
      run: env.run,
      role: 'evaluator',
      id: env.id,
      name: env.name,
      measure: () => ({
        snapshot: { evaluations: worker.done },
        totals: { evaluationsFailed: worker.failed },
      }),
      // Not at `stopping`: the learner may wait for a last evaluation.
      onPhase: (phase, _reason, revision) => {
        if (phase !== null && isOver(phase)) runEnded.abort();
        else if (phase !== null) checkRevision(record, revision);
      },
      log,
    });
    await outlast(() => heartbeats.start());
    log.info(`Evaluating in ${config.environment.id}.`);
    const end = AbortSignal.any([signal, runEnded.signal, failed.signal]);
    if (!end.aborted) await once(end, 'abort');
    await worker.close();
    await heartbeats.stop();
    failed.signal.throwIfAborted();
  },
);
