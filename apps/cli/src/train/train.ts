import { resolveEnvironment } from '@qfleet/envs';
import { newRunId } from '@qfleet/fleet';
import { defaultRunPath, markLatest, RunDirectory } from '@qfleet/report';
import type { TrainOptions } from '../commands/train.ts';
import { UsageError } from '../errors.ts';
import { configurationOf } from './configuration.ts';
import { writeLaunch } from './launch.ts';
import { runSession } from './run-session.ts';

/** `qfleet train`: everything that can be refused is refused before anything starts. */
export async function train(what: string, options: TrainOptions): Promise<number> {
  if (options.single && options.redis !== undefined) {
    throw new UsageError('--single keeps its replay in memory: leave --redis out.');
  }
  const config = configurationOf(what, options);
  await resolveEnvironment(config.environment);
  const run = newRunId();
  const path = options.runDir ?? defaultRunPath(config.name, run);
  const directory = RunDirectory.create(path, run, config);
  const { displayUrl } = await import('@qfleet/fleet');
  writeLaunch(directory, {
    mode: options.single ? 'single' : 'fleet',
    redis: options.redis === undefined ? null : displayUrl(options.redis),
  });
  if (options.runDir === undefined) markLatest(directory.path);
  return runSession(directory, {
    mode: options.single ? 'single' : 'fleet',
    redis: options.redis ?? null,
    resume: false,
    json: options.json === true,
  });
}
