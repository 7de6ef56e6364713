import { createGeneration } from '@qfleet/agents';
import type { TokenQRunConfig } from '@qfleet/config';
import type { TextDefinition } from '@qfleet/envs';
import { textLayout } from '@qfleet/rollout';
import type { NamedTensors } from '@qfleet/tensor';

/**
 * What an agent's values are of texts, by the kernel that actors compute with.
 *
 * @param texts as tokens, each the whole of what is read.
 * @returns for each text Q of each token that may come next, of the lesser head.
 */
export function tokenValuesOf(
  config: TokenQRunConfig,
  definition: TextDefinition,
  parameters: NamedTensors,
  texts: readonly (readonly number[])[],
): Float32Array[] {
  const generation = createGeneration(config.agent, textLayout(definition), parameters, 1);
  return texts.map((text) => {
    let q = new Float32Array(0);
    const slot = generation.join(text, {
      select: ({ values: { q1, q2 = q1 } }) => {
        q = q1!.map((value, token) => Math.min(value, q2![token]));
        return 0;
      },
    });
    generation.step([slot]);
    generation.leave(slot);
    return q;
  });
}
