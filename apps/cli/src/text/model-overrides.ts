import { resolve } from 'node:path';
import type { RunConfig } from '@qfleet/config';
import { UsageError } from '../errors.ts';

/** The learning rate of a given model, a tenth of the methods': what it has learned before is to stay. */
const LEARNING_RATE = 1e-4;

/**
 * The overrides that `--model` and `--context` stand for, where an agent is to speak.
 *
 * @param load gives the configuration without them.
 * @throws UsageError where the agent does not speak, or there is no model whose context it could be.
 */
export function modelOverrides(
  { model, context }: { readonly model?: string; readonly context?: number },
  load: () => RunConfig,
): string[] {
  if (model === undefined) {
    if (context === undefined) return [];
    throw new UsageError(
      '--context is how much of a text a given model reads: give --model too, or leave it out.',
    );
  }
  const { agent } = load();
  if (agent.kind !== 'token-q')
    throw new UsageError(
      `--model gives a language model to agents that speak, and this one is ${agent.kind}: leave it out, or name a method of agents that ` +
        'speak, as --preset ilql, for an environment that speaks.',
    );
  const { valueStart, valueGradient } = agent.network;
  const network = {
    kind: 'model',
    directory: resolve(model),
    context: context ?? null,
    valueStart,
    valueGradient,
  };
  return [
    ...Object.entries(network).map(([field, value]) => `agent.network.${field}=${JSON.stringify(value)}`),
    `agent.learningRate=${LEARNING_RATE}`,
  ];
}
