import { resolveEnvironment } from '@qfleet/envs';
import { RunDirectory } from '@qfleet/report';
import { readLaunch } from './launch.ts';
import { runSession } from './run-session.ts';

/** `qfleet resume`: the run goes on as it was started, from its last checkpoint. */
export async function resume(path: string, options: { redis?: string; json?: true }): Promise<number> {
  const directory = RunDirectory.open(path);
  const launch = readLaunch(directory);
  await resolveEnvironment(directory.config.environment);
  return runSession(directory, {
    mode: launch.mode,
    redis: options.redis ?? launch.redis,
    resume: true,
    json: options.json === true,
  });
}
