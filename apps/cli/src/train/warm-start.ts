import { existsSync } from 'node:fs';
import { checkAgentParameters } from '@qfleet/agents';
import { changesBetween, describeChange, type RunConfig, runConfigOf } from '@qfleet/config';
import type { Layout } from '@qfleet/replay';
import { RunDirectory } from '@qfleet/report';
import { openLearning } from '@qfleet/rollout';
import { bestCheckpoint, type Checkpoint, readCheckpoint, warmStart } from '@qfleet/training';
import { UsageError } from '../errors.ts';

/**
 * The weights that `--from` names, as the first checkpoint of a run.
 *
 * @param where a run directory, whose best checkpoint is meant, or a checkpoint's file.
 * @throws UsageError where there are none, or where they don't fit the run.
 */
export async function startFrom(where: string, config: RunConfig): Promise<Checkpoint> {
  const checkpoint = await readWeights(where);
  const { layout } = await openLearning(config);
  checkTokenizer(checkpoint, layout, where);
  return warmStart(checkpoint, config, layout).catch((error: Error) => {
    throw misfit(where, error, checkpoint, config);
  });
}

/**
 * Checks that a run's weights fit its configuration.
 * @throws UsageError where a run's weights don't fit its configuration: its environment became another one.
 */
export async function checkWeights(checkpoint: Checkpoint, config: RunConfig, where: string): Promise<void> {
  const { layout } = await openLearning(config);
  checkTokenizer(checkpoint, layout, where);
  try {
    checkAgentParameters({ config: config.agent, spec: layout }, checkpoint.parameters);
  } catch (error) {
    throw misfit(where, error as Error, checkpoint, config);
  }
}

/** @throws UsageError where weights have learned other tokens than the run's. */
function checkTokenizer({ layout: theirs }: Checkpoint, { tokens }: Layout, where: string): void {
  // One of an older version, or an agent that does not speak: parameters tell.
  if (theirs?.tokens === undefined || tokens === undefined) return;
  if (theirs.tokens.tokenizer === tokens.tokenizer) return;
  throw new UsageError(
    `The weights of ${where} have learned the tokens of another tokenizer (${theirs.tokens.tokenizer}) than the run's ` +
      `(${tokens.tokenizer}): put the run's tokenizer back, or begin with weights of the same one.`,
  );
}

/** The parts of a configuration that weights have their names and shapes from. */
const SHAPING = ['environment.', 'agent.kind', 'agent.network', 'agent.objective'];

function misfit(
  where: string,
  { message }: Error,
  { config: theirs }: Checkpoint,
  config: RunConfig,
): UsageError {
  const differing = changesBetween(runConfigOf(theirs, where), config).filter(({ path }) =>
    SHAPING.some((part) => path.startsWith(part)),
  );
  const differs =
    differing.length === 0
      ? ''
      : ` What differs, theirs → this run's: ${differing.map(describeChange).join('; ')}.`;
  return new UsageError(`The weights of ${where} don't fit this run. ${message}${differs}`);
}

async function readWeights(where: string): Promise<Checkpoint> {
  if (RunDirectory.exists(where)) {
    const best = await bestCheckpoint(RunDirectory.open(where).checkpoints);
    if (best !== null) return best;
    throw new UsageError(`${where} has no checkpoint yet, so no weights to start from.`);
  }
  if (!existsSync(where)) throw new UsageError(`There is no run directory and no checkpoint ${where}.`);
  return readCheckpoint(where);
}
