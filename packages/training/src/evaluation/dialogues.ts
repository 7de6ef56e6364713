import { checkAgentParameters, createGeneration, tokenSelector } from '@qfleet/agents';
import type { TokenQRunConfig } from '@qfleet/config';
import { openTextTask, playDialogues, Voices } from '@qfleet/rollout';
import type { PlayEpisodes } from './play-episodes.ts';

/** What an evaluation tells beside returns: how far an episode is from the language model beside the values, in nats. */
const DIVERGENCE = 'kl';

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
    let divergence = 0;
    const onDivergence = (nats: number) => {
      divergence += nats;
    };
    const { returns, cutUtterances } = await playDialogues({
      ...{ definition, voices, episodes, seed, parallel: PARALLEL },
      select: (random) =>
        tokenSelector(agent, { decode, random, onDivergence, ...(beta === undefined ? {} : { beta }) }),
      ...(cancelled ? { cancelled } : {}),
    });
    if (cutUtterances > 0)
      warn?.(
        `Utterances of ${definition.id} that did not end were cut after ${definition.longestUtterance} tokens.`,
      );
    // Nothing is told of an evaluation that was cancelled, whose episodes are not whole.
    return { returns, cutShort: 0, info: { [DIVERGENCE]: divergence / episodes } };
  };
}
