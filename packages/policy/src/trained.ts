import { checkAgentParameters } from '@qfleet/agents';
import { type RunConfig, runConfigOf } from '@qfleet/config';
import { loadEnvironment } from '@qfleet/env-host';
import type { Layout } from '@qfleet/replay';
import { RunDirectory } from '@qfleet/report';
import { openTask } from '@qfleet/rollout';
import { bestCheckpoint, type Checkpoint, latestCheckpoint } from '@qfleet/training';
import { layoutSchema } from './layout-schema.ts';
import { PolicyError } from './policy-error.ts';

/** Which of a run's checkpoints is meant: the one with the best evaluation, or the newest. */
export type Which = 'best' | 'last';

/** What `readTrained` may be told. */
export interface ReadOptions {
  /** Default: `best`; where nothing was evaluated yet, that is the newest too. */
  readonly checkpoint?: Which | undefined;
  /** The environment's module, imported first: of a run whose network or objective it registers. Left out: none is imported. */
  readonly env?: string | undefined;
  /** Told of damaged checkpoints, which are passed over. */
  readonly warn?: ((sentence: string) => void) | undefined;
}

/** What a run has learned, as one of its checkpoints holds it. */
export interface Trained {
  readonly path: string;
  readonly config: RunConfig;
  readonly checkpoint: Checkpoint;
  /** What the network sees of a state, and how many actions it values. */
  readonly layout: Layout;
}

/** A run's checkpoint: the best one, or the newest; null: there is none. */
export async function checkpointOf(
  directory: RunDirectory,
  { checkpoint: which = 'best', warn = () => {} }: ReadOptions = {},
): Promise<Checkpoint | null> {
  const read = which === 'best' ? bestCheckpoint : latestCheckpoint;
  return read(directory.checkpoints, ({ message }) => warn(`${message} It is passed over.`));
}

/**
 * Reads what a run has learned. No code of a user's is run, but where `env` names some: what a state is, the checkpoint says, or a native environment.
 *
 * @param path of the run directory; `runs/latest` will do.
 * @throws RunDirectoryError, ConfigError; CheckpointError where all checkpoints are damaged; PolicyError where there is none, it
 *   is not whole, or its weights don't fit the run's agent.
 */
export async function readTrained(path: string, options: ReadOptions = {}): Promise<Trained> {
  const directory = RunDirectory.open(path);
  if (options.env !== undefined) await loadEnvironment(options.env);
  const checkpoint = await checkpointOf(directory, options);
  if (checkpoint === null) {
    throw new PolicyError(`${path} has no checkpoint yet: train on until the run has written one.`);
  }
  // What it was trained as, whatever the directory's configuration became since then.
  const config = runConfigOf(checkpoint.config, `The checkpoint of ${path}`);
  const layout =
    checkpoint.layout === undefined ? await layoutOfNative(config, path) : layoutOf(checkpoint, path);
  try {
    checkAgentParameters({ config: config.agent, spec: layout }, checkpoint.parameters);
  } catch (error) {
    throw new PolicyError(describeMisfit(path, config, error as Error), { cause: error });
  }
  return { path: directory.path, config, checkpoint, layout };
}

/** Why weights can't be taken as a run's policy. */
function describeMisfit(path: string, { agent }: RunConfig, { message }: Error): string {
  const isCustom =
    agent.kind !== 'tabular' &&
    (agent.network.kind === 'custom' || (agent.kind === 'dqn' && agent.objective.kind === 'custom'));
  if (!isCustom) return `The weights of ${path} don't fit the run. ${message}`;
  return `The policy of ${path} needs code of its own, which its environment's module registers: name that module as env (--env PATH). ${message}`;
}

/** What a state is, for a checkpoint of a version that did not say. */
async function layoutOfNative(config: RunConfig, path: string): Promise<Layout> {
  const { module } = config.environment;
  if (module === undefined) return (await openTask(config)).layout;
  throw new PolicyError(
    `The checkpoint of ${path} was written by an older Qfleet, which did not note what a state of ${module} is: resume the ` +
      'run with this version, so that it writes another.',
  );
}

/** What a checkpoint says of its states, checked. */
function layoutOf({ layout }: Checkpoint, path: string): Layout {
  const parsed = layoutSchema.safeParse(layout);
  if (parsed.success) return parsed.data as Layout;
  const [{ path: at, message }] = parsed.error.issues;
  throw new PolicyError(
    `The checkpoint of ${path} is not what Qfleet writes: layout.${at.join('.')}: ${message}.`,
  );
}
