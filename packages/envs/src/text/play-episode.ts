import { Random } from '@qfleet/random';
import { EnvironmentDefinitionError } from '../errors.ts';
import { createTextEnvironment } from './create-text-environment.ts';
import { takeEpisode } from './take-episode.ts';
import type { TextDefinition, TextEnvironment, TextEpisode, TextPolicy, Turn } from './text-environment.ts';

/**
 * Plays one episode of a policy.
 *
 * @param start as of `TextEnvironment.reset`.
 */
export function playEpisode(environment: TextEnvironment, policy: TextPolicy, start?: number): TextEpisode {
  policy.reset();
  let heard = environment.reset(start);
  const turns: Turn[] = [{ who: 'environment', text: heard, reward: 0 }];
  for (;;) {
    const utterance = policy.answer(heard);
    const { text, reward, terminated, truncated } = environment.step(utterance);
    turns.push({ who: 'agent', text: utterance, reward });
    if (text !== '') turns.push({ who: 'environment', text, reward: 0 });
    if (terminated || truncated) return { turns, terminated, truncated: truncated && !terminated };
    heard = text;
  }
}

/** An episode's return, undiscounted. */
export const returnOf = ({ turns }: TextEpisode): number =>
  turns.reduce((sum, { reward }) => sum + reward, 0);

/**
 * The first `count` episodes of the data of a seed, which always gives the same.
 *
 * @throws EnvironmentDefinitionError where the task has no generator, or a user's gives what is no episode.
 */
export function* generateEpisodes(
  definition: TextDefinition,
  seed: number,
  count: number,
): Generator<TextEpisode, void> {
  const { data, id } = definition;
  if (data === undefined) {
    throw new EnvironmentDefinitionError(
      `Environment ${id} has no data of its own: write \`data\` in its definition, or give some with --data.`,
    );
  }
  const random = new Random(Random.seed(seed, 'data'));
  for (let i = 1; i <= count; i++) {
    const episode = data.generate(random);
    yield definition.native
      ? episode
      : takeEpisode(episode, definition, `Environment ${id}, episode ${i} of data.generate`);
  }
}

/**
 * Episodes of a task's bound, from each of its starts in turn where there is a list of them.
 *
 * @throws EnvironmentDefinitionError where the task has no bound.
 */
export function* boundEpisodes(
  definition: TextDefinition,
  seed: number,
  count: number,
): Generator<TextEpisode, void> {
  const { bound, id, starts } = definition;
  if (bound === undefined) {
    throw new EnvironmentDefinitionError(
      `Environment ${id} has no bound: write \`bound\` in its definition.`,
    );
  }
  const environment = createTextEnvironment(definition, new Random(Random.seed(seed, 'environment')));
  const policy = bound(new Random(Random.seed(seed, 'bound')));
  for (let i = 0; i < count; i++) {
    yield playEpisode(environment, policy, starts === null ? undefined : i % starts);
  }
  environment.close?.();
}
