import { Heartbeats, isOver, runProcess, waitForRun } from '@qfleet/fleet';
import { Actor } from './actor.ts';

/** Milliseconds in which a draining actor must have handed everything over. */
const DRAIN_MS = 6_000;

await runProcess('actor', async (context) => {
  const { env, log, redis, signal, outlast, checkRevision } = context;
  const record = await outlast(() => waitForRun(redis, env.run, { log, signal, active: true }));
  const { config } = record;
  const actor = await Actor.create(context, config);
  const runEnded = new AbortController();
  const heartbeats = new Heartbeats({
    redis,
    run: env.run,
    role: 'actor',
    id: env.id,
    name: env.name,
    measure: () => actor.measure(),
    onPhase: (phase, reason, revision) => {
      if (phase === 'stopping' || (phase !== null && isOver(phase))) runEnded.abort(reason ?? phase);
      else if (phase !== null) checkRevision(record, revision);
    },
    log,
  });
  await outlast(() => heartbeats.start());
  log.info(`Acting in ${config.environment.id}.`);
  let clean = false;
  try {
    await actor.run(AbortSignal.any([signal, runEnded.signal]));
    clean = true;
  } finally {
    await actor.drain(AbortSignal.timeout(DRAIN_MS));
    await heartbeats.stop(clean);
  }
});
