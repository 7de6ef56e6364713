import { type RunConfig, speaks } from '@qfleet/config';
import type { TextEpisode } from '@qfleet/envs';
import { openLearning } from '@qfleet/rollout';
import { trainSingle } from '@qfleet/single';
import { type Checkpoint, warmStart } from '@qfleet/training';

/** What becomes of the updates on recorded dialogues. */
interface RecordedStartOptions {
  /** The dialogues that were given; null: the task makes them. */
  readonly dialogues: readonly TextEpisode[] | null;
  /** Told, in a sentence, that they are made. */
  readonly say: (sentence: string) => void;
}

/**
 * The first checkpoint of a run whose agent learns recorded dialogues before it has its own: offline to online; null: it does not. The
 * same configuration gives the same one, bit for bit, unless the run's seconds end these updates.
 */
export async function recordedStart(
  config: RunConfig,
  { say, dialogues }: RecordedStartOptions,
): Promise<Checkpoint | null> {
  if (!speaks(config) || config.agent.data === null || config.agent.data.updates === null) return null;
  const { updates } = config.agent.data;
  say(`Learning recorded dialogues of ${config.environment.id} first, in ${updates} updates.`);
  const { parameters, seconds } = await trainSingle(
    recordedPart(config, updates),
    dialogues === null ? {} : { dialogues },
  );
  const { layout } = await openLearning(config);
  const checkpoint = { parameters: parameters! } as Checkpoint;
  // Counted in stop.maxSeconds.
  return { ...(await warmStart(checkpoint, config, layout)), seconds };
}

/** The run that makes those updates alone, of which nothing is kept but what it has learned. */
const recordedPart = (config: RunConfig & { agent: { kind: 'token-q' } }, updates: number): RunConfig => ({
  ...config,
  agent: { ...config.agent, data: { ...config.agent.data!, updates: null } },
  evaluation: { ...config.evaluation, every: updates, episodes: 1 },
  stop: { maxUpdates: updates, maxSteps: null, maxSeconds: config.stop.maxSeconds, solvedReturn: null },
});
