import { basename, dirname, extname, resolve } from 'node:path';
import { type Parsed, type ParsedYaml, parseAs } from '@qfleet/config';
import { z } from 'zod';
import { readSeeds } from './seeds.ts';

/** The most settings, and the most cells, of a sweep. */
export const MOST_CELLS = 10_000;

const seed = z.int().min(0).max(0xffffffff);
const count = z.int().min(1).max(MOST_CELLS);

const strategy = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('grid') }),
  z.strictObject({ kind: z.literal('random'), count, seed: seed.default(0) }),
  z.strictObject({
    kind: z.literal('halving'),
    factor: z.int().min(2).max(100).default(3),
    rungs: z.int().min(2).max(20).nullable().default(null),
    unit: z.enum(['updates', 'steps']).default('updates'),
    count: count.nullable().default(null),
    seed: seed.default(0),
  }),
]);

const fields = z.record(z.string(), z.unknown());

/** A sweep's file. */
const fileSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, ".", "_" and "-", at most 64')
    .optional(),
  train: z.string().min(1),
  preset: z.string().nullable().default(null),
  set: fields.default({}),
  space: fields.default({}),
  seeds: z.unknown().default(null),
  strategy: strategy.prefault({ kind: 'grid' }),
  metric: z.enum(['last', 'best']).default('last'),
  mode: z.enum(['single', 'fleet']).default('single'),
});

/** A sweep as it was asked for, complete. */
export const definitionSchema = fileSchema.extend({
  name: z.string(),
  seeds: z.array(seed).nullable().describe('null: the seed of the configuration'),
});
export type SweepDefinition = z.output<typeof definitionSchema>;
export type Strategy = SweepDefinition['strategy'];

/** Names that no run's configuration has. */
const OWN_NAMES = ['train', 'space', 'seeds', 'strategy'];

/** Whether YAML is a sweep's, rather than a run's configuration. */
export const isSweep = ({ value }: ParsedYaml): boolean => OWN_NAMES.some((name) => name in value);

/**
 * The sweep that YAML asks for, checked part by part.
 *
 * @param file where it stands: files that it names are looked for beside it, and it gives the sweep its name. Null: nowhere.
 * @throws ConfigError with every problem, a line each.
 */
export function readDefinition(yaml: ParsedYaml, file: string | null): Parsed<SweepDefinition> {
  const { strategy, ...rest } = yaml.value;
  // `strategy: grid` is short for `strategy: {kind: grid}`.
  const value = typeof strategy === 'string' ? { ...rest, strategy: { kind: strategy } } : yaml.value;
  const { value: said, ...parsed } = parseAs(fileSchema, { ...yaml, value });
  const seeds = said.seeds === null ? null : readSeeds(said.seeds);
  if (typeof seeds === 'string') throw parsed.refuse([{ path: ['seeds'], text: seeds }]);
  const named = file === null ? 'sweep' : basename(file, extname(file));
  const train = file !== null && isFile(said.train) ? resolve(dirname(file), said.train) : said.train;
  return { value: { ...said, name: said.name ?? named, train, seeds }, ...parsed };
}

/** Whether what is trained is a file: a configuration, or a module of an environment. */
const isFile = (train: string): boolean => /\.(ya?ml|[cm]?[jt]s)$/.test(train);
