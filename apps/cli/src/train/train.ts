import { resolve } from 'node:path';
import { beginsWithModel, learnsFromRecorded, type RunConfig, speaks, spokenMethods } from '@qfleet/config';
import { resolveAnyEnvironment } from '@qfleet/env-host';
import { isText } from '@qfleet/envs';
import { connectShards, displayUrl, findRedisServer, newRunId } from '@qfleet/fleet';
import { copyModelDirectory } from '@qfleet/networks';
import { defaultRunPath, markLatest, modelPath, RunDirectory, writeLaunch } from '@qfleet/report';
import { setUpCommand } from '@qfleet/tensor';
import { type Checkpoint, CheckpointFolder } from '@qfleet/training';
import { CommandError, UsageError } from '../errors.ts';
import { openRedis } from '../fleet-redis.ts';
import { rememberPython } from '../named-python.ts';
import { checkOfflineOptions, checkOfflineRun, offlineConfig } from '../offline/check-options.ts';
import type { OfflineExperience } from '../offline/experience.ts';
import { provideRedis } from '../set-up.ts';
import { suggest } from '../suggest.ts';
import { checkTakesDialogues, fewDialogues, readDialogues } from '../text/given-dialogues.ts';
import { trustOption } from '../trust.ts';
import { checkTraining } from './check-training.ts';
import { claimRun } from './claim.ts';
import type { TrainOptions } from './configuration.ts';
import { choiceNote, configurationOf } from './configuration.ts';
import { trainDetached } from './detach.ts';
import { checkKeepsReplay } from './kept-replay.ts';
import { recordedStart } from './recorded-start.ts';
import { runSession } from './run-session.ts';
import { startFrom } from './warm-start.ts';

/** `qfleet train`: everything that can be refused is refused before anything starts. */
export async function train(what: string, options: TrainOptions): Promise<number> {
  if (options.offline !== undefined) checkOfflineOptions(options);
  if (options.single && options.redis !== undefined) {
    throw new UsageError('--single keeps its replay in memory: leave --redis out.');
  }
  if (options.single && options.actors !== undefined) {
    throw new UsageError('--single acts and learns in this one process: leave --actors out, or --single.');
  }
  const asked = configurationOf(what, options);
  if (options.offline !== undefined) checkOfflineRun(asked);
  const given = options.offline === undefined ? asked : offlineConfig(asked);
  const mode =
    options.single || options.offline !== undefined || learnsFromRecorded(given) ? 'single' : 'fleet';
  if (options.data !== undefined) checkTakesDialogues(given, options);
  if (options.keepReplay) checkKeepsReplay(mode, given);
  if (options.from !== undefined && beginsWithModel(given))
    throw new UsageError('--from and --model both name what to begin with: leave one of them out.');
  if (options.runDir !== undefined && RunDirectory.exists(options.runDir)) {
    throw new UsageError(
      `${options.runDir} holds a run already. To go on with it: ${suggest('resume', options.runDir, ...trustOption(RunDirectory.open(options.runDir)))} ` +
        '(to start another one, choose another directory)',
    );
  }
  // What was named on the command line is trusted, when the run is resumed too.
  rememberPython(given.environment.gymnasium.python);
  // A module's file name is no name of its environment.
  const definition = await resolveAnyEnvironment(given.environment);
  const { id } = definition;
  if (isText(definition) && !speaks(given)) throw methodMissing(what, id, given);
  const config = { ...given, environment: { ...given.environment, id } };
  if (options.offline === undefined)
    await checkTraining(config, mode === 'single' ? undefined : options.redis);
  const dialogues = options.data === undefined ? null : await readDialogues(options.data, config);
  const few = dialogues === null ? null : fewDialogues(dialogues.source, config);
  if (few !== null) process.stderr.write(`${few}\n`);
  const start =
    options.from === undefined
      ? await recordedStart(config, {
          dialogues: dialogues?.episodes ?? null,
          say: (sentence) => process.stderr.write(`${sentence}\n`),
        })
      : await startFrom(options.from, config);
  if (mode === 'fleet') await checkServers(options.redis, config.replay.shards);
  const offline = await experienceOf(config, options);
  const run = newRunId();
  const path = options.runDir ?? defaultRunPath(config.name, run);
  using claim = await claimRun(path);
  const directory = RunDirectory.create(path, run, withOwnModel(config, path));
  try {
    if (beginsWithModel(config)) copyModelDirectory(config.agent.network.directory, modelPath(path));
    if (start !== null) await writeStart(directory, { ...start, config: directory.config });
    writeLaunch(directory, {
      mode,
      redis: options.redis === undefined ? null : displayUrl(options.redis),
      ...(options.from === undefined ? {} : { from: resolve(options.from) }),
      ...(offline === null ? {} : { offline: offline.recorded.sources }),
      ...(dialogues === null ? {} : { dialogues: dialogues.source }),
      ...(options.keepReplay ? { keepReplay: true } : {}),
    });
  } catch (error) {
    directory.discard();
    throw error;
  }
  if (options.runDir === undefined) markLatest(directory.path);
  const note = choiceNote(what, options);
  if (note !== null) process.stderr.write(`${note}\n`);
  if (options.detach) {
    claim.release();
    return await trainDetached(directory, options.redis ?? null, options.json === true);
  }
  // Awaited here: the claim ends with this function.
  return await runSession(directory, claim.lost, {
    mode,
    redis: options.redis ?? null,
    resume: false,
    offline,
    dialogues: dialogues?.episodes ?? null,
    json: options.json === true,
  });
}

/** The refusal of an agent that does not speak in an environment that does. */
const methodMissing = (what: string, id: string, { agent }: RunConfig): UsageError =>
  new UsageError(
    `${id} is played with texts, and an agent of kind ${agent.kind} takes actions: name a method of agents that speak ` +
      `(${spokenMethods().join(', ')}), as in \`${suggest('train', what, '--preset', 'ilql')}\`.`,
  );

/** A run's configuration with its own copy of the model that its agent begins with, which lies in the run directory. */
function withOwnModel(config: RunConfig, path: string): RunConfig {
  if (!beginsWithModel(config)) return config;
  const { agent } = config;
  return { ...config, agent: { ...agent, network: { ...agent.network, directory: modelPath(path) } } };
}

/** What `--offline` names, in memory; null: the run plays. */
async function experienceOf(
  config: RunConfig,
  { offline, json }: TrainOptions,
): Promise<OfflineExperience | null> {
  if (offline === undefined) return null;
  const { readOffline } = await import('../offline/read.ts');
  return await readOffline(offline, config, json === true);
}

/** The first checkpoint of a run that begins with the weights of another. */
async function writeStart(directory: RunDirectory, start: Checkpoint): Promise<void> {
  const folder = new CheckpointFolder(directory.checkpoints, directory.config.learner.checkpointsKept);
  await folder.write(start, false);
}

/** Makes sure that there is a Redis to train with, and each of the replay's, before a run directory is made. */
async function checkServers(url: string | undefined, shards: readonly string[]): Promise<void> {
  if (url !== undefined) {
    (await openRedis(url)).disconnect();
  } else {
    await provideRedis();
    if ((await findRedisServer()) === undefined) {
      throw new CommandError(
        `There is no Redis server here: run \`${setUpCommand()}\`, name one with --redis URL, or train with --single.`,
      );
    }
  }
  for (const server of (await connectShards(shards, { role: 'cli' })).values()) server.disconnect();
}
