import type { EnvironmentDefinition } from '../environment.ts';
import type { TextDefinition } from './text-environment.ts';

/** An environment with numbered actions, or one that speaks. */
export type AnyDefinition = EnvironmentDefinition | TextDefinition;

/** Whether an environment speaks. */
export const isText = (definition: AnyDefinition): definition is TextDefinition => 'kind' in definition;
