import type { EnvironmentDefinition } from './environment.ts';
import type { TextDefinition } from './text/text-environment.ts';

/** Marks definitions whose copies have our interface already, also by another copy of this package. */
const adapted: unique symbol = Symbol.for('qfleet.environment');

export const isAdapted = (value: unknown): value is EnvironmentDefinition =>
  typeof value === 'object' && value !== null && adapted in value;

/** Marks a definition, so that a module may export it as it is. Not enumerable: a copy with another `create` is not marked. */
export const markAdapted = (definition: EnvironmentDefinition): EnvironmentDefinition =>
  Object.defineProperty(definition, adapted, { value: true });

/** The same mark for environments that speak. */
const adaptedText: unique symbol = Symbol.for('qfleet.text-environment');

export const isAdaptedText = (value: unknown): value is TextDefinition =>
  typeof value === 'object' && value !== null && adaptedText in value;

export const markAdaptedText = (definition: TextDefinition): TextDefinition =>
  Object.defineProperty(definition, adaptedText, { value: true });
