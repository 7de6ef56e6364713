import { z } from 'zod';
import { EnvironmentDefinitionError } from './errors.ts';
import { idsLike } from './ids-like.ts';
import { issueSentence } from './issues.ts';

/** A native environment's options, named as Gymnasium's keyword arguments are. */
export type EnvironmentOptions = Readonly<Record<string, unknown>>;

/** What makes definitions of some ids. */
export interface RegistryEntry<Definition> {
  readonly ids: readonly string[];
  /** @throws EnvironmentDefinitionError for a wrong option. */
  define(id: string, options: EnvironmentOptions): Definition;
}

/** One entry: its ids, the options it takes, and how it is made of them. */
export function registryEntry<Definition, const Id extends string, Shape extends z.ZodRawShape>(
  ids: readonly Id[],
  shape: Shape,
  make: (id: Id, options: z.infer<z.ZodObject<Shape>>) => Definition,
): RegistryEntry<Definition> {
  const schema = z.strictObject(shape);
  return {
    ids,
    define(id, options) {
      const parsed = schema.safeParse(options);
      if (!parsed.success) {
        const known = Object.keys(schema.shape);
        const sentence = issueSentence(`Environment ${id}`, 'option', parsed.error, known, options);
        throw new EnvironmentDefinitionError(sentence);
      }
      return make(id as Id, parsed.data as z.infer<z.ZodObject<Shape>>);
    },
  };
}

/** That there is no environment of this id, and which are like it of those that are. */
export function unknownEnvironment(id: string, known: readonly string[]): string {
  const near = idsLike(id, known);
  const hint = near.length === 0 ? '' : ` did you mean ${near.join(', ')}?`;
  return `There is no environment ${id}:${hint} qfleet envs lists them all.`;
}
