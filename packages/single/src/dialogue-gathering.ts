import { createAgent, epsilonOf } from '@qfleet/agents';
import { learnsFromRecorded, type TokenQRunConfig } from '@qfleet/config';
import {
  errorPolicy,
  recordedDialogues,
  type TextEpisode,
  TextRollout,
  type TextTask,
} from '@qfleet/rollout';
import { Trainer } from '@qfleet/training';
import { type Gather, playedBy, writerOf } from './gathering.ts';
import { MemoryReplay } from './memory-replay.ts';

/** What a gathering of dialogues is opened with. */
interface DialogueSetting {
  readonly config: TokenQRunConfig;
  readonly task: TextTask;
  /** Recorded dialogues of the task; null: it makes them. */
  readonly dialogues: readonly TextEpisode[] | null;
  /** Recorded tokens, in place of both; null: there are none. */
  readonly offline: MemoryReplay | null;
}

/** Gathers dialogues: those that are recorded, of which nothing is played, or those that the agent has. */
export async function dialogueGathering(setting: DialogueSetting): Promise<Gather> {
  const { config, task } = setting;
  const agent = await createAgent({
    ...{ config: config.agent, spec: task.layout, seed: config.seed, totalUpdates: config.stop.maxUpdates },
    ...{ isRepeatable: true, legal: task.definition.legal },
  });
  return learnsFromRecorded(config) ? recordedGathering(setting, agent) : playedGathering(setting, agent);
}

type Agent = Awaited<ReturnType<typeof createAgent>>;

/** Learns from recorded dialogues. */
async function recordedGathering(setting: DialogueSetting, agent: Agent): Promise<Gather> {
  const { config, task } = setting;
  const { definition, layout } = task;
  const { store } = setting.offline ?? (await recordedReplay(setting));
  const { transitions } = await store.standing();
  return ({ training }) => ({
    trainer: new Trainer({ ...training, config, layout, agent, store, offline: { transitions } }),
    replay: null,
    // No weights are newer.
    weightsVersion: Number.POSITIVE_INFINITY,
    takeUp: () => undefined,
    async step() {
      throw new Error(`${definition.id} has no dialogue to learn from.`);
    },
    takeEpisodes: () => [],
    close: async () => undefined,
    dispose: () => agent.dispose(),
  });
}

/** The dialogues that are given, or those that the task makes. */
async function recordedReplay({ config, task, dialogues }: DialogueSetting): Promise<MemoryReplay> {
  const { episodes, best } = config.agent.data!;
  const { chunks } = recordedDialogues(task.definition, task.layout, {
    ...{ given: dialogues, episodes, best },
    ...{ seed: config.seed, chunkLength: config.replay.chunkLength },
  });
  const unbounded = { transitions: 2 ** 30, bytes: Number.MAX_SAFE_INTEGER };
  const replay = new MemoryReplay(config, task.layout, unbounded);
  await replay.store.append(chunks);
  return replay;
}

/** Learns from the dialogues that the agent itself has. */
async function playedGathering({ config, task }: DialogueSetting, agent: Agent): Promise<Gather> {
  const { definition, layout } = task;
  const { slots } = config.fleet;
  return ({ training, steps, onSurvived }) => {
    const replay = new MemoryReplay(config, layout);
    const trainer = new Trainer({ ...training, config, layout, agent, store: replay.store });
    const rollout = new TextRollout({
      ...{ definition, layout, config: config.agent, slots, seed: config.seed },
      writer: writerOf(training.from?.updates ?? 0),
      chunkLength: config.replay.chunkLength,
      epsilon: (slot) => epsilonOf(config.exploration, slot, slots, steps()),
      ...errorPolicy(config),
      onSurvived,
    });
    for (let slot = 0; slot < slots; slot++) rollout.addSlot(slot);
    return playedBy({
      ...{ trainer, replay, rollout },
      load: (tensors) => rollout.load(tensors),
      append: (chunks) => replay.store.append(chunks),
      dispose: () => agent.dispose(),
    });
  };
}
