import { hostname } from 'node:os';
import type { RunConfig } from '@qfleet/config';
import { FleetReader } from '@qfleet/fleet';
import { isRunning, type Launch, RunDirectory, type RunSummary, readLaunch } from '@qfleet/report';
import { changesOf, latestCheckpoint, recordChanges } from '@qfleet/training';
import { exitCodes, UsageError } from '../errors.ts';
import { openRedis } from '../fleet-redis.ts';
import { rememberPython } from '../named-python.ts';
import { checkOfflineOptions, checkOfflineRun } from '../offline/check-options.ts';
import type { OfflineExperience } from '../offline/experience.ts';
import { checkSameAgain } from '../offline/same-again.ts';
import { suggest } from '../suggest.ts';
import { print, printJson, shown } from '../terminal/output.ts';
import { dialoguesAgain } from '../text/given-dialogues.ts';
import { checkTrust } from '../trust.ts';
import { isBudget, moreBudget } from './budget.ts';
import { checkTraining } from './check-training.ts';
import { claimRun, runsNow } from './claim.ts';
import { stops } from './result.ts';
import { describeChanges, revisedConfig } from './revision.ts';
import { runSession } from './run-session.ts';
import { checkWeights } from './warm-start.ts';

/** The options of `qfleet resume`. */
export interface ResumeOptions {
  readonly set?: readonly string[];
  readonly maxUpdates?: number;
  readonly maxSteps?: number;
  readonly maxSeconds?: number;
  readonly env?: string;
  readonly python?: string;
  readonly redis?: string;
  readonly offline?: readonly string[];
  readonly data?: string;
  readonly trust?: true;
  readonly json?: true;
}

/** `qfleet resume`: the run goes on as it was started, from its last checkpoint, with the settings that were changed. */
export async function resume(path: string, options: ResumeOptions): Promise<number> {
  const directory = RunDirectory.open(path);
  // What was named on the command line is trusted.
  checkTrust(directory, options.trust === true || (options.env ?? options.python) !== undefined);
  using claim = await claimRun(directory.path);
  const launch = readLaunch(directory);
  if (launch.offline !== undefined) checkOfflineOptions(options);
  else if (options.offline !== undefined)
    throw new UsageError(`${shown(directory.path)} does not learn offline: leave --offline out.`);
  if (launch.mode === 'single' && options.redis !== undefined) {
    throw new UsageError(`${shown(directory.path)} is trained in one process: leave --redis out.`);
  }
  const config = revisedConfig(directory, options);
  rememberPython(config.environment.gymnasium.python);
  if (launch.offline !== undefined) checkOfflineRun(config);
  // What is damaged is told of by the session.
  const from = await latestCheckpoint(directory.checkpoints);
  const changes = changesOf(directory, config, from);
  const summary = directory.readSummary();
  if (summary !== null && isFinished(summary, config)) {
    await (options.json
      ? printJson({ ...summary, runDirectory: directory.path })
      : print(describeFinished(summary, config, directory)));
    return exitCodes.done;
  }
  if (launch.offline === undefined) {
    await checkTraining(
      config,
      launch.mode === 'single' ? undefined : (options.redis ?? launch.redis ?? undefined),
    );
  }
  if (from !== null) await checkWeights(from, config, path);
  const offline = await experienceAgain(launch.offline, config, options);
  const dialogues = await dialoguesAgain(launch.dialogues, config, options.data);
  const url = options.redis ?? launch.redis ?? launch.ownRedis;
  if (launch.mode === 'fleet' && url !== undefined) await refuseLiving(directory, url);
  if (changes.length > 0) process.stderr.write(`${describeChanges(changes, from)}\n`);
  const revised = await recordChanges(directory, config, changes, from);
  // Awaited here: the claim ends with this function.
  return await runSession(revised, claim.lost, {
    mode: launch.mode,
    redis: options.redis ?? launch.redis,
    resume: true,
    offline,
    dialogues,
    json: options.json === true,
  });
}

/** What the run learned from before, read again from where it lies now; null: it plays. */
async function experienceAgain(
  before: Launch['offline'],
  config: RunConfig,
  { offline, json }: ResumeOptions,
): Promise<OfflineExperience | null> {
  if (before === undefined) return null;
  const { readOffline } = await import('../offline/read.ts');
  const places = offline ?? before.map(({ path }) => path);
  const experience = await readOffline(places, config, json === true);
  checkSameAgain(before, experience.recorded.sources);
  return experience;
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

function describeFinished({ stopReason }: RunSummary, config: RunConfig, directory: RunDirectory): string {
  const path = shown(directory.path);
  const more = isBudget(stopReason) ? moreBudget(stopReason, config) : ['--set', 'stop.solvedReturn=null'];
  return (
    `${path} is finished already (${stops[stopReason]}), and is left as it is. To go on with it:\n  ` +
    suggest('resume', path, ...more)
  );
}

/** @throws CommandError where the run's fleet lives: it would be ended by the one that takes its place. */
async function refuseLiving(directory: RunDirectory, url: string): Promise<void> {
  const redis = await openRedis(url).catch(() => null);
  // A Redis of the run's own ends with its fleet; any other is opened, and may be refused, later.
  if (redis === null) return;
  const reader = new FleetReader(redis, directory.run, directory.config.replay.shards);
  try {
    const state = await reader.read();
    // A last heartbeat may outlive its process by seconds.
    if (state?.supervisors.some(({ host, pid }) => host !== hostname() || isRunning(pid))) {
      throw runsNow(directory.path);
    }
  } finally {
    await reader.close();
    redis.disconnect();
  }
}
