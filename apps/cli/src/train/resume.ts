import { hostname } from 'node:os';
import { join } from 'node:path';
import type { RunConfig } from '@qfleet/config';
import { resolveEnvironment } from '@qfleet/envs';
import { FleetReader } from '@qfleet/fleet';
import { RunDirectory, type RunSummary } from '@qfleet/report';
import type { ResumeOptions } from '../commands/resume.ts';
import { exitCodes } from '../errors.ts';
import { openRedis } from '../fleet-redis.ts';
import { print, printJson, shown } from '../output.ts';
import { suggest } from '../suggest.ts';
import { checkTrust } from '../trust.ts';
import { claimRun, runsNow } from './claim.ts';
import { readLaunch } from './launch.ts';
import { stops } from './result.ts';
import { runSession } from './run-session.ts';

/** `qfleet resume`: the run goes on as it was started, from its last checkpoint. */
export async function resume(path: string, options: ResumeOptions): Promise<number> {
  const directory = RunDirectory.open(path);
  checkTrust(directory, options.trust === true);
  const launch = readLaunch(directory);
  const summary = directory.readSummary();
  if (summary !== null && isFinished(summary, directory.config)) {
    await (options.json
      ? printJson({ ...summary, runDirectory: directory.path })
      : print(describeFinished(summary, directory)));
    return exitCodes.done;
  }
  using claim = await claimRun(directory.path);
  await resolveEnvironment(directory.config.environment);
  const url = options.redis ?? launch.redis ?? launch.ownRedis;
  if (launch.mode === 'fleet' && url !== undefined) await refuseLiving(directory, url);
  // Awaited here: the claim ends with this function.
  return await runSession(directory, claim.lost, {
    mode: launch.mode,
    redis: options.redis ?? launch.redis,
    resume: true,
    json: options.json === true,
  });
}

/** Whether the run has reached what its configuration asks for now: a budget may have been raised since. */
function isFinished(
  { stopReason, updates, envSteps, trainingSeconds, evaluation }: RunSummary,
  config: RunConfig,
) {
  const { maxUpdates, maxSteps, maxSeconds, solvedReturn } = config.stop;
  const reached = (value: number, limit: number | null): boolean => limit !== null && value >= limit;
  switch (stopReason) {
    case 'solved':
      return reached(evaluation?.mean ?? Number.NEGATIVE_INFINITY, solvedReturn);
    case 'maxUpdates':
      return reached(updates, maxUpdates);
    case 'maxSteps':
      return reached(envSteps, maxSteps);
    case 'maxSeconds':
      return reached(trainingSeconds, maxSeconds);
    default:
      return false;
  }
}

function describeFinished({ stopReason }: RunSummary, directory: RunDirectory): string {
  const { maxUpdates, maxSteps, maxSeconds } = directory.config.stop;
  const longer: Partial<Record<RunSummary['stopReason'], readonly string[]>> = {
    solved: ['--set', 'stop.solvedReturn=null'],
    maxUpdates: ['--max-updates', String(2 * (maxUpdates ?? 0))],
    maxSteps: ['--max-steps', String(2 * (maxSteps ?? 0))],
    maxSeconds: ['--max-seconds', String(2 * (maxSeconds ?? 0))],
  };
  const path = shown(directory.path);
  const again = suggest('train', join(path, 'config.yaml'), ...(longer[stopReason] ?? []));
  return `${path} is finished already (${stops[stopReason]}). To train anew, and longer:\n  ${again}`;
}

/** @throws CommandError where the run's fleet lives: it would be ended by the one that takes its place. */
async function refuseLiving(directory: RunDirectory, url: string): Promise<void> {
  const redis = await openRedis(url).catch(() => null);
  // A Redis of the run's own ends with its fleet; another one is opened, and complained of, again.
  if (redis === null) return;
  const reader = new FleetReader(redis, directory.run, directory.config.replay.shards);
  try {
    const state = await reader.read();
    if (state?.supervisors.some(({ host, pid }) => host !== hostname() || isLiving(pid))) {
      throw runsNow(directory.path);
    }
  } finally {
    await reader.close();
    redis.disconnect();
  }
}

/** Whether a process of this machine lives; its last heartbeat may outlive it by seconds. */
function isLiving(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
