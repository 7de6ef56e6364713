import { z } from 'zod';
import { EnvironmentDefinitionError } from '../errors.ts';
import {
  type EnvironmentOptions,
  type RegistryEntry,
  registryEntry,
  unknownEnvironment,
} from '../registry-entry.ts';
import { booking } from './booking/booking.ts';
import { maze } from './maze/maze.ts';
import { ATTRIBUTES } from './steer/attributes.ts';
import { steer } from './steer/steer.ts';
import type { TextDefinition } from './text-environment.ts';
import { walks } from './walks/walks.ts';
import { MOST_WORDS, wordle } from './wordle/wordle.ts';

const entries: readonly RegistryEntry<TextDefinition>[] = [
  registryEntry(['text/walks'], { graph: z.int().min(0).max(0xffffffff).default(1000) }, walks),
  registryEntry(['text/maze'], { observed: z.enum(['full', 'partial']).default('full') }, maze),
  registryEntry(
    ['text/wordle'],
    {
      words: z.int().min(10).max(MOST_WORDS).default(431),
      feedback: z.enum(['colours', 'letters']).default('colours'),
      secrets: z.enum(['all', 'training', 'test']).default('all'),
    },
    wordle,
  ),
  registryEntry(['text/booking'], { customers: z.enum(['training', 'test']).default('training') }, booking),
  registryEntry(['text/steer'], { attribute: z.enum(ATTRIBUTES).default('rhyme') }, steer),
];

/** The ids of the text environments that come with Qfleet. */
export const textEnvironmentIds: readonly string[] = entries.flatMap(({ ids }) => ids);

/** Whether a text environment of this id comes with Qfleet. */
export const isTextEnvironment = (id: string): boolean => textEnvironmentIds.includes(id);

/**
 * The text environment of this id.
 *
 * @throws EnvironmentDefinitionError for an unknown id (with the nearest right names) or a wrong option.
 * @example
 * findTextEnvironment('text/maze').kind; // → 'text'
 */
export function findTextEnvironment(id: string, options: EnvironmentOptions = {}): TextDefinition {
  const found = entries.find(({ ids }) => ids.includes(id));
  if (found === undefined) throw new EnvironmentDefinitionError(unknownEnvironment(id, textEnvironmentIds));
  return found.define(id, options);
}

/**
 * Every text environment with its default options.
 *
 * @example
 * listTextEnvironments().some(({ id }) => id === 'text/walks'); // → true
 */
export const listTextEnvironments = (): TextDefinition[] =>
  entries.flatMap(({ ids, define }) => ids.map((id) => define(id, {})));
