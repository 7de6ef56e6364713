import type { z } from 'zod';
import { ConfigError } from './errors.ts';
import { fieldOf, type Path } from './fields.ts';
import type { ParsedYaml } from './parse-yaml.ts';
import { type Problem, problemsOf } from './problems.ts';

/** A value that is right, and what is said of a part of it that is wrong with another. */
export interface Parsed<T> {
  readonly value: T;
  /** Where a path was written, as `sweep.yaml:7:3: `; empty where there is no file. */
  readonly place: ParsedYaml['place'];
  /** The error for problems that the schema can't see, each with its place in the file. */
  refuse(problems: readonly Problem[]): ConfigError;
}

/**
 * YAML of another kind than a run's configuration, checked as that is.
 * @throws ConfigError with every problem, a line each.
 */
export function parseAs<T>(schema: z.ZodType<T>, { value, place }: ParsedYaml): Parsed<T> {
  const line = ({ path, text }: Problem): string => `${place(path)}${nameOf(path)} ${text}`;
  const refuse = (problems: readonly Problem[]): ConfigError => new ConfigError(problems.map(line));
  const result = schema.safeParse(value);
  if (!result.success) throw refuse(problemsOf(result.error, value, fieldOf(schema)));
  return { value: result.data, place, refuse };
}

const nameOf = (path: Path): string => (path.length === 0 ? 'The file' : path.join('.'));
