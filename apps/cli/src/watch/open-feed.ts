import { beginsWithModel, type RunConfig } from '@qfleet/config';
import { importsPackage, isBridged } from '@qfleet/env-host';
import { readRun } from '@qfleet/fleet';
import { RunDirectory } from '@qfleet/report';
import { bestCheckpoint, type Checkpoint } from '@qfleet/training';
import { CommandError, UsageError } from '../errors.ts';
import { suggest } from '../suggest.ts';
import { findFleet } from '../top/connect.ts';
import { withModule, withPython } from '../train/revision.ts';
import { checkWeights } from '../train/warm-start.ts';
import { checkTrust, trustOption } from '../trust.ts';
import { DirectoryFeed } from './directory-feed.ts';
import type { Feed } from './feed.ts';
import { FleetFeed } from './fleet-feed.ts';

/** What names a run that is to be watched. */
export interface FeedOptions {
  readonly redis?: string;
  readonly run?: string;
  readonly env?: string;
  readonly python?: string;
  readonly trust?: true;
}

/** A run that can be watched. */
export interface OpenFeed {
  readonly run: string;
  /** With the environment's module of this machine. */
  readonly config: RunConfig;
  readonly feed: Feed;
}

/**
 * A run's directory, or a fleet on Redis.
 * @throws UsageError, CommandError: one sentence on what is not there, or does not fit.
 */
export async function openFeed(path: string | undefined, options: FeedOptions): Promise<OpenFeed> {
  if (options.redis !== undefined) {
    if (path !== undefined) throw new UsageError('Name a run directory or --redis, not both.');
    return openFleet(options);
  }
  if (path === undefined) {
    throw new UsageError(`Name the run: ${suggest('watch')} RUN_DIR, or ${suggest('watch', '--redis')} URL.`);
  }
  if (options.run !== undefined) throw new UsageError('A run directory names its run: leave --run out.');
  return openDirectory(path, options, false);
}

/**
 * A run's directory.
 * @param ended whether it has to have a checkpoint also while it is trained.
 */
export async function openDirectory(
  path: string,
  options: FeedOptions,
  ended: boolean,
): Promise<OpenFeed & { checkpoint: Checkpoint | null }> {
  const directory = RunDirectory.open(path);
  checkTrust(directory, options.trust === true || options.env !== undefined || options.python !== undefined);
  checkPlayable(directory.config, path);
  const feed = new DirectoryFeed(directory);
  const config = withPython(withModule(directory.config, options.env), options.python);
  const checkpoint = await bestCheckpoint(directory.checkpoints, ({ message }) =>
    process.stderr.write(`${message} It is passed over.\n`),
  );
  if (checkpoint === null && (ended || !feed.isTrained())) {
    throw new CommandError(
      `${path} has no checkpoint yet; to train on: ${suggest('resume', path, ...trustOption(directory))}`,
    );
  }
  // A module's states are known to the page alone, where its code runs.
  if (checkpoint !== null && config.environment.module === undefined) {
    await checkWeights(checkpoint, config, path);
  }
  return { run: directory.run, config, feed, checkpoint };
}

async function openFleet(options: FeedOptions): Promise<OpenFeed> {
  const { redis, run } = await findFleet(undefined, options);
  try {
    const record = await readRun(redis, run);
    if (record === null) throw new CommandError(`There is no run ${run} on this Redis: see --run.`);
    const { config } = record;
    checkPlayable(config, `run ${run}`);
    if (config.environment.module !== undefined && options.env === undefined) {
      throw new UsageError(
        `Run ${run} plays a module's environment, ${config.environment.id}: say with --env PATH where it is on this machine.`,
      );
    }
    const own = ownPython(withModule(config, options.env), options.python);
    return { run, config: own, feed: new FleetFeed(redis, run, own) };
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

/** Whether Gymnasium plays the run's environment. */
export const isPlayedByPython = ({ id, module }: RunConfig['environment']): boolean =>
  module === undefined && isBridged(id);

/**
 * A configuration of Redis with this machine's own Python: what stands there is not run.
 * @throws UsageError where the id has a package imported that only Redis names.
 */
function ownPython(config: RunConfig, named: string | undefined): RunConfig {
  const { id, gymnasium } = config.environment;
  if (isPlayedByPython(config.environment) && importsPackage(id) && named === undefined) {
    throw new UsageError(
      `${id} has Python import a package that only Redis names: if you trust it, say with --python PATH which Python has it.`,
    );
  }
  const own = { ...config.environment, gymnasium: { ...gymnasium, python: null } };
  return withPython({ ...config, environment: own }, named);
}

/** @throws UsageError for what nothing here can play: the tokens of a given language model. */
function checkPlayable(config: RunConfig, what: string): void {
  if (beginsWithModel(config)) {
    throw new UsageError(
      `The agent of ${what} began with a given language model, whose tokenizer does not run in browsers: ${suggest('chat')} talks with it.`,
    );
  }
}
