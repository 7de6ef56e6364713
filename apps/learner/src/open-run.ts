import { loadRunConfig, type RunConfig } from '@qfleet/config';
import {
  createRun,
  FleetConfigurationError,
  type ProcessContext,
  type RunRecord,
  TotalsReader,
  waitForRun,
} from '@qfleet/fleet';
import { RunDirectory } from '@qfleet/report';
import { openLearning } from '@qfleet/rollout';
import { checkRun, latestCheckpoint } from '@qfleet/training';

/**
 * The run that this learner is to train, and its directory; null where there is none yet (`beginDirectory` makes it).
 * With QFLEET_CONFIG, a preset's name or a file, a run that is not there yet is created; without it, it is waited for.
 * @throws FleetConfigurationError where QFLEET_RUN_DIR is not set, or the directory is another run's.
 */
export async function openRun({ env, log, redis, signal, outlast }: ProcessContext): Promise<{
  record: RunRecord;
  directory: RunDirectory | null;
}> {
  if (env.runDir === null) {
    throw new FleetConfigurationError(
      'QFLEET_RUN_DIR is not set: a learner keeps its checkpoints there, give it as QFLEET_RUN_DIR=/path.',
    );
  }
  const wait = (config?: RunConfig) =>
    outlast(() => waitForRun(redis, env.run, { log, signal, ...(config ? { config } : {}) }));
  if (env.config !== null) {
    const isFile = /\.ya?ml$/.test(env.config);
    const config = loadRunConfig(isFile ? { file: env.config } : { preset: env.config });
    await outlast(() => createRun(redis, env.run, config));
  }
  if (!RunDirectory.exists(env.runDir)) {
    const record = await wait();
    const { layout } = await openLearning(record.config);
    checkRun(record.config, layout, { holdsReplay: false });
    return { record, directory: null };
  }
  const directory = RunDirectory.open(env.runDir);
  if (directory.run !== env.run) {
    throw new FleetConfigurationError(
      `QFLEET_RUN_DIR=${env.runDir} holds run ${directory.run}, not ${env.run}: give each run its own directory.`,
    );
  }
  // A Redis that keeps nothing on disk may have lost the run's record, but the directory has its configuration.
  await outlast(() => createRun(redis, env.run, directory.config));
  return { record: await wait(directory.config), directory };
}

/**
 * The run's directory, for the learner that holds the lease: a run that has none yet begins here.
 *
 * @param found what `openRun` found.
 * @throws FleetConfigurationError where the run is past its start, and what it has learned is in another directory.
 */
export async function beginDirectory(
  { env, redis }: Pick<ProcessContext, 'env' | 'redis'>,
  { run, config }: RunRecord,
  found: RunDirectory | null,
): Promise<RunDirectory> {
  const { updates, checkpoints } = await new TotalsReader(redis, run).read();
  // A run that was killed before its first checkpoint begins again in its own directory, and in no other.
  const isElsewhere =
    found === null ? updates > 0 : checkpoints > 0 && (await latestCheckpoint(found.checkpoints)) === null;
  if (isElsewhere) {
    throw new FleetConfigurationError(
      `Run ${run} is at update ${updates}, and QFLEET_RUN_DIR=${env.runDir} has no checkpoint of it: give this learner the ` +
        'directory that the run was trained in, or begin another run with qfleet train --from.',
    );
  }
  return found ?? RunDirectory.create(env.runDir!, run, config);
}
