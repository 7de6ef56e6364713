import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { learnsFromRecorded, type RunConfig, speaks, toYaml, withOverrides } from '@qfleet/config';
import { isProvided } from '@qfleet/env-host';
import { defaultRunPath, markLatest, RunDirectory, readLaunch, writeLaunch } from '@qfleet/report';
import { openTask, openTextTask } from '@qfleet/rollout';
import { changesOf, checkRun, latestCheckpoint, recordChanges } from '@qfleet/training';
import { nanoid } from 'nanoid';
import { trainAsFleet } from './as-fleet.ts';
import { configurationOf, overridesOf, type Settings, type TrainConfig } from './configuration.ts';
import { trainInProcess } from './in-process.ts';
import { type Run, type RunHooks, runOf } from './run.ts';
import { RunError } from './run-error.ts';

/** What `train` may be told beside the configuration. */
export interface TrainOptions extends RunHooks {
  /** The preset of a method to train by, for an environment that is named: `rainbow`. Default: the environment's own. */
  readonly preset?: string | undefined;
  /** Settings over the configuration, by their paths: `{ 'stop.maxUpdates': 1000 }`. */
  readonly set?: Settings | undefined;
  /** Where the run's directory is made. Default: below `runs` in the working directory. */
  readonly runDir?: string | undefined;
  /** Train with a fleet of processes; with the URL of a Redis in place of one of the run's own. Default: in this process. */
  readonly fleet?: boolean | { readonly redis?: string } | undefined;
}

/** What `resume` may be told. */
export interface ResumeOptions extends RunHooks {
  /** Settings that are changed, by their paths. */
  readonly set?: Settings | undefined;
}

/** As `train` of the package's face. */
export async function train(what: string | TrainConfig, options: TrainOptions = {}): Promise<Run> {
  const { preset, set, runDir, fleet = false, ...hooks } = options;
  const given = await configurationOf(what, set, preset);
  const { definition, layout } = await (speaks(given) ? openTextTask(given) : openTask(given));
  const config = { ...given, environment: { ...given.environment, id: definition.id } };
  checkRun(config, layout, { holdsReplay: true });
  const run = `${config.name}-${nanoid(8)}`;
  const path = resolve(runDir ?? defaultRunPath(config.name, nanoid(6)));
  if (fleet !== false) {
    const { redis } = fleet === true ? {} : fleet;
    const args = redis === undefined ? [] : ['--redis', redis];
    return trainByCommand(config, path, runDir === undefined, args, hooks);
  }
  // The command begins such runs: it learns the recorded dialogues first.
  if (speaks(config) && !learnsFromRecorded(config))
    return trainByCommand(config, path, runDir === undefined, ['--single'], hooks);
  using claim = await RunDirectory.claim(path);
  using directory = RunDirectory.create(path, run, config);
  writeLaunch(directory, { mode: 'single', redis: null });
  if (runDir === undefined) markLatest(path);
  const summary = await trainInProcess(directory, config, hooks);
  claim.lost.throwIfAborted();
  return runOf(path, summary);
}

async function trainByCommand(
  config: RunConfig,
  path: string,
  isNamed: boolean,
  given: readonly string[],
  hooks: RunHooks,
): Promise<Run> {
  const { id, module } = config.environment;
  if (module === undefined && isProvided(id)) {
    throw new RunError(
      `A fleet’s processes load the environment by themselves, and ${id} is one of this process alone: put it into a module, and ` +
        'name that as environment: { id, module }.',
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-'));
  try {
    const file = join(folder, 'config.yaml');
    writeFileSync(file, toYaml(config));
    const args = ['train', file, '--run-dir', path, ...given];
    const summary = await trainAsFleet(args, path, hooks);
    if (isNamed) markLatest(path);
    return runOf(path, summary);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As `resume` of the package's face. */
export async function resume(path: string, options: ResumeOptions = {}): Promise<Run> {
  const { set, ...hooks } = options;
  const opened = RunDirectory.open(path);
  if (readLaunch(opened).mode === 'fleet') {
    const settings = overridesOf(set).flatMap((override) => ['--set', override]);
    // Named by the caller, who trusts it.
    const summary = await trainAsFleet(['resume', opened.path, '--trust', ...settings], opened.path, hooks);
    return runOf(opened.path, summary);
  }
  using claim = await RunDirectory.claim(opened.path);
  const overrides = overridesOf(set);
  const config = overrides.length === 0 ? opened.config : withOverrides(opened.config, overrides);
  const from = await latestCheckpoint(opened.checkpoints);
  using directory = await recordChanges(opened, config, changesOf(opened, config, from), from);
  const summary = await trainInProcess(directory, config, hooks);
  claim.lost.throwIfAborted();
  return runOf(opened.path, summary);
}
