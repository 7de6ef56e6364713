import type { TokenSelector } from '@qfleet/agents';
import type { TextDefinition } from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { DialogueSlot } from './dialogue-slot.ts';
import type { Voices } from './voices.ts';

/** What episodes of a seed are made from. */
export interface SeededDialogues {
  readonly definition: TextDefinition;
  readonly voices: Voices;
  /** The choice of tokens in an episode, which draws from a stream of that episode's. */
  readonly select: (random: Random) => TokenSelector;
  readonly seed: number;
}

/**
 * Begins an episode of a seed: it is the same whatever is played before or beside it, and begins at the definition's starts one
 * after the other.
 *
 * @returns its slot, and what the environment says first.
 * @throws EnvironmentError
 */
export function beginDialogue(
  { definition, voices, select, seed }: SeededDialogues,
  episode: number,
): { readonly slot: DialogueSlot; readonly first: readonly number[] } {
  const { starts } = definition;
  const random = new Random(Random.seed(seed, `episode ${episode}`));
  const speaks = new Random(Random.seed(seed, `tokens of episode ${episode}`));
  const slot = new DialogueSlot({
    ...{ definition, voices, slot: episode, episodes: 0, random, select: select(speaks) },
  });
  return { slot, first: slot.begin(starts === null ? undefined : episode % starts) };
}
