import { checkAgentParameters, createGeneration, tokenSelector } from '@qfleet/agents';
import type { TokenQRunConfig } from '@qfleet/config';
import { openTextTask, playDialogues, Voices } from '@qfleet/rollout';
import type { PlayEpisodes } from './play-episodes.ts';

/** Dialogues side by side. */
const PARALLEL = 32;

/** Episodes of an agent that speaks. @throws EnvironmentDefinitionError */
export async function dialoguesOf(config: TokenQRunConfig): Promise<PlayEpisodes> {
  const { agent } = config;
  const { definition, layout } = await openTextTask(config);
  const voices = new Voices((tensors) => createGeneration(agent, layout, tensors, PARALLEL));
  let version = 0;
  return async ({ parameters, episodes, seed }, { cancelled, warn, decode = agent.decode, beta }) => {
    checkAgentParameters({ config: agent, spec: layout }, parameters);
    voices.load(parameters, ++version);
    const { returns, cutUtterances } = await playDialogues({
      ...{ definition, voices, episodes, seed, parallel: PARALLEL },
      select: (random) => tokenSelector(agent, { decode, random, ...(beta === undefined ? {} : { beta }) }),
      ...(cancelled ? { cancelled } : {}),
    });
    if (cutUtterances > 0)
      warn?.(
        `Utterances of ${definition.id} that did not end were cut after ${definition.longestUtterance} tokens.`,
      );
    return { returns, cutShort: 0 };
  };
}
