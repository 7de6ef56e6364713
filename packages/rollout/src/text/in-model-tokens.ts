import { modelTokens } from '@qfleet/agents';
import type { GivenModelConfig } from '@qfleet/config';
import {
  boundEpisodes,
  EnvironmentDefinitionError,
  generateEpisodes,
  type Speaker,
  type TextDefinition,
  type Tokenizer,
  withTokenizer,
} from '@qfleet/envs';

/** Episodes of scripted agents that texts are tried on. */
const EPISODES = 50;

/**
 * A task in the tokens of a given language model: its texts are encoded by the model's tokenizer, and what is legal is made of the
 * listed utterances anew.
 *
 * @throws EnvironmentDefinitionError where a text does not survive the tokenizer, or the model reads too little; ModelError where it
 *   can't be read.
 */
export function inModelTokens(
  own: TextDefinition,
  { directory, context: asked }: GivenModelConfig,
): TextDefinition {
  const { context: most, ...tokenizer } = modelTokens(directory);
  if (asked !== null && asked > most)
    throw new EnvironmentDefinitionError(
      `agent.network.context is ${asked}, and the model of ${directory} reads ${most} tokens at once: lower it, or leave it out.`,
    );
  const context = asked ?? most;
  const utterances = own.utterances ?? textsOf(own, 'agent');
  for (const text of [...utterances, ...textsOf(own, 'environment')])
    checkSurvives(own, tokenizer, text, directory);
  const growth = utterances.map(
    (text) => (tokenizer.encode(text).length + 1) / (own.tokenizer.encode(text).length + 1),
  );
  const definition = withTokenizer(
    { ...own, longestUtterance: Math.ceil(Math.max(1, ...growth) * own.longestUtterance) },
    tokenizer,
    context,
  );
  if (definition.longestUtterance < context) return definition;
  throw new EnvironmentDefinitionError(
    `An utterance of ${own.id} has up to ${definition.longestUtterance} tokens of the model of ${directory}, which is to read ${context} at ` +
      'once: take a model with a longer context.',
  );
}

/** The different texts of one side in a task's data, or in its bound's episodes where it has no data. */
function textsOf(own: TextDefinition, side: Speaker): string[] {
  const episodes =
    own.data !== undefined
      ? generateEpisodes(own, 0, EPISODES)
      : own.bound !== undefined
        ? boundEpisodes(own, 0, EPISODES)
        : [];
  const said = Array.from(episodes).flatMap(({ turns }) => turns.filter(({ who }) => who === side));
  return [...new Set(said.map(({ text }) => text))];
}

function checkSurvives({ id }: TextDefinition, tokenizer: Tokenizer, text: string, directory: string): void {
  const again = tokenizer.decode(tokenizer.encode(text));
  if (again === text) return;
  throw new EnvironmentDefinitionError(
    `The texts of ${id} can't be in the tokens of ${directory}: ${JSON.stringify(text)} comes back from its tokenizer as ` +
      `${JSON.stringify(again)}. Take a model with another tokenizer, such as a byte-level one.`,
  );
}
