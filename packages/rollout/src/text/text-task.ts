import { beginsWithModel, type RunConfig, speaks } from '@qfleet/config';
import { resolveAnyEnvironment } from '@qfleet/env-host';
import { EnvironmentDefinitionError, isText, type Legal, type TextDefinition } from '@qfleet/envs';
import type { Layout } from '@qfleet/replay';
import { openTask } from '../open-task.ts';
import { inModelTokens } from './in-model-tokens.ts';
import { textLayout } from './text-layout.ts';

/** What a run's environment is that speaks: how copies are made, and what its chunks hold. */
export interface TextTask {
  readonly definition: TextDefinition;
  readonly layout: Layout;
}

/**
 * The task of a run whose agent speaks, in the tokens of the language model that it begins with, if it begins with one.
 *
 * @throws EnvironmentDefinitionError where its environment can't be had, does not speak, or can't be in those tokens; ModelError
 *   where the model can't be read.
 */
export async function openTextTask(config: RunConfig): Promise<TextTask> {
  const own = await resolveAnyEnvironment(config.environment);
  if (!isText(own))
    throw new EnvironmentDefinitionError(
      `Environment ${own.id} does not speak, and agent.kind is token-q: name one that speaks, as text/walks, or another agent.`,
    );
  const definition = beginsWithModel(config) ? inModelTokens(own, config.agent.network) : own;
  return { definition, layout: textLayout(definition) };
}

/** What a learner knows of its run's environment: what its chunks hold, and of one that speaks, which tokens are legal. */
export async function openLearning(
  config: RunConfig,
): Promise<{ readonly layout: Layout; readonly legal?: Legal | undefined }> {
  if (!speaks(config)) return { layout: (await openTask(config)).layout };
  const { definition, layout } = await openTextTask(config);
  return { layout, legal: definition.legal };
}
