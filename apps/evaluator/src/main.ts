import { once } from 'node:events';
import { createPolicy } from '@qfleet/agents';
import { EnvironmentError, resolveEnvironment } from '@qfleet/envs';
import { EvaluationWorker, Heartbeats, isOver, runProcess, waitForRun } from '@qfleet/fleet';
import { errorPolicy, layoutOf, playGreedyEpisodes } from '@qfleet/rollout';

await runProcess(
  'evaluator',
  async ({ env, log, redis, connect, signal, outlast, warn, checkRevision, outliveUserCode }) => {
    const record = await outlast(() => waitForRun(redis, env.run, { log, signal, active: true }));
    const { config } = record;
    const definition = await resolveEnvironment(config.environment);
    const { frameStack } = config.environment;
    const policy = await createPolicy({ config: config.agent, layout: layoutOf(definition), frameStack });
    if (config.environment.onError === 'restart') outliveUserCode();
    const runEnded = new AbortController();
    /** Aborted with what the environment threw: no attempt would end better. */
    const failed = new AbortController();
    const said = new Set<string>();
    const worker = new EvaluationWorker({
      redis,
      weights: await connect('weights'),
      run: env.run,
      evaluate: async ({ parameters, episodes, seed }, stop) => {
        policy.load(parameters);
        const cancelled = (): boolean => stop.aborted;
        const { returns } = await playGreedyEpisodes({
          ...{ definition, policy, frameStack, episodes, seed, cancelled },
          ...errorPolicy(config),
          warn: (sentence) => {
            if (!said.has(sentence)) warn(sentence);
            said.add(sentence);
          },
        }).catch((error: unknown) => {
          if (error instanceof EnvironmentError) failed.abort(error);
          throw error;
        });
        stop.throwIfAborted();
        return returns;
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
