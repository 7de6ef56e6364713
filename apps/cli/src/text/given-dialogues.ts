import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { learnsFromRecorded, type RunConfig, speaks } from '@qfleet/config';
import { returnOf, type TextEpisode } from '@qfleet/envs';
import type { GivenDialogues } from '@qfleet/report';
import { openTextTask } from '@qfleet/rollout';
import { readEpisodes } from '../data/read.ts';
import { UsageError } from '../errors.ts';
import { shown } from '../terminal/output.ts';

/** Recorded dialogues that a run was given, all in memory. */
interface Dialogues {
  readonly episodes: readonly TextEpisode[];
  readonly source: GivenDialogues;
}

/** @throws UsageError where `--data` is given and the run would learn nothing of it. */
export function checkTakesDialogues(config: RunConfig, { from }: { readonly from?: string }): void {
  const { id, module } = config.environment;
  const what = module ?? id;
  if (!speaks(config)) {
    const methods = 'as --preset ilql, for an environment that speaks';
    throw new UsageError(
      `--data gives dialogues to agents that speak, and that of ${shown(what)} is ${config.agent.kind}: leave it out, or name a ` +
        `method that learns from them, ${methods}.`,
    );
  }
  if (config.agent.data === null)
    throw new UsageError(
      'agent.data is null, so the agent learns from what its actors say alone: leave --data out, or --set agent.data={}.',
    );
  if (from !== undefined && !learnsFromRecorded(config))
    throw new UsageError(
      '--from brings what was learned of recorded dialogues before actors speak: leave it or --data out.',
    );
}

/** Fewer episodes than these are learned by heart. */
const FEW = 10;

/** A sentence where dialogues are so few that an agent hardly learns more than to repeat them; null: they are not. */
export function fewDialogues({ path, episodes }: GivenDialogues, { agent }: RunConfig): string | null {
  const kept = agent.kind === 'token-q' ? Math.ceil(episodes * (agent.data?.best ?? 1)) : episodes;
  if (kept >= FEW) return null;
  return (
    `The agent learns from ${kept} ${kept === 1 ? 'episode' : 'episodes'} of ${shown(path)}, which it will know by heart: give it more ` +
    '(`qfleet data`).'
  );
}

/**
 * Reads and checks all of the dialogues that a run is to learn from.
 *
 * @param path a file or directory, as `readEpisodes` takes it.
 * @throws UsageError, EnvironmentDefinitionError with file and line.
 */
export async function readDialogues(path: string, config: RunConfig): Promise<Dialogues> {
  const { definition } = await openTextTask(config);
  const hash = createHash('sha256');
  const episodes: TextEpisode[] = [];
  for await (const episode of readEpisodes(path, definition)) {
    hash.update(JSON.stringify(episode));
    episodes.push(episode);
  }
  const source = {
    ...{ path: resolve(path), episodes: episodes.length },
    meanReturn: episodes.reduce((sum, each) => sum + returnOf(each), 0) / episodes.length,
    ...{ fingerprint: hash.digest('hex'), tokenizer: definition.tokenizer.fingerprint },
  };
  return { episodes, source };
}

/**
 * The dialogues that a run that goes on was given before, read again; null: it was given none, or has learned all that it is to learn of
 * them.
 *
 * @param path where they are now; undefined: where they were.
 * @throws UsageError where they are others, or would be other tokens.
 */
export async function dialoguesAgain(
  before: GivenDialogues | undefined,
  config: RunConfig,
  path: string | undefined,
): Promise<readonly TextEpisode[] | null> {
  if (before === undefined) {
    if (path === undefined) return null;
    throw new UsageError('The run was not given recorded dialogues when it began: leave --data out.');
  }
  // What comes before actors speak is in the run's first checkpoint.
  if (!learnsFromRecorded(config)) return null;
  if (path === undefined && !existsSync(before.path))
    throw new UsageError(
      `There are no dialogues at ${before.path} any more: say with --data PATH where they are now.`,
    );
  const { tokenizer } = (await openTextTask(config)).definition;
  if (tokenizer.fingerprint !== before.tokenizer)
    throw new UsageError(
      `The tokenizer of ${config.environment.id} is another than when the run began (${tokenizer.fingerprint}, not ${before.tokenizer}): put ` +
        'it back, or start a new run.',
    );
  const { episodes, source } = await readDialogues(path ?? before.path, config);
  if (source.fingerprint !== before.fingerprint)
    throw new UsageError(
      `${shown(source.path)} holds other dialogues than when the run began: name with --data what the run learned from, or start a ` +
        'new run.',
    );
  return episodes;
}
