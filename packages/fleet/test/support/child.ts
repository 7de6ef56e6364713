import { once } from 'node:events';
import { DivergenceError } from '@qfleet/training';
import { type ProcessContext, runProcess } from '../../src/index.ts';

/** A process of a fleet that does what QFLEET_TEST_CHILD says, and tells its life to the Redis list `said`. */
await runProcess('evaluator', async ({ env, log, redis, signal }: ProcessContext) => {
  await redis.rpush('said', `up ${env.name} ${process.pid}`);
  switch (process.env['QFLEET_TEST_CHILD']) {
    case 'fail':
      throw new Error('[\n  {\n    "widget": "broken"\n  }\n]');
    case 'diverge':
      process.on('exit', () => console.log('And so it ends.'));
      throw new DivergenceError('Training diverged.');
    case 'leave':
      return;
    case 'hang':
      log.info('This one does not drain.');
      await new Promise(() => setInterval(() => undefined, 1_000));
      return;
    default:
      if (!signal.aborted) await once(signal, 'abort');
      await redis.rpush('said', `drained ${env.name}: ${(signal.reason as Error).message}`);
  }
});
