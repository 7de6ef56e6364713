import { adaptDefinition, type Discrete, EnvironmentDefinitionError, type Space } from '@qfleet/envs';
import { z } from 'zod';

const bound = z.union([z.number(), z.enum(['inf', '-inf'])]);
const count = z.int().min(1);

/** A space as a worker describes it. */
type ToldSpace =
  | { kind: 'box'; shape: number[]; dtype: string; low: Told; high: Told }
  | { kind: 'discrete'; n: number }
  | { kind: 'dict'; spaces: Record<string, ToldSpace> }
  | { kind: 'tuple'; spaces: ToldSpace[] };
type Told = number | 'inf' | '-inf' | (number | 'inf' | '-inf')[];

const space: z.ZodType<ToldSpace> = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('box'),
      shape: z.array(count),
      dtype: z.enum(['float32', 'float16', 'int32', 'uint8']),
      low: z.union([bound, z.array(bound)]),
      high: z.union([bound, z.array(bound)]),
    }),
    z.strictObject({ kind: z.literal('discrete'), n: count }),
    z.strictObject({ kind: z.literal('dict'), spaces: z.record(z.string(), space) }),
    z.strictObject({ kind: z.literal('tuple'), spaces: z.array(space) }),
  ]),
);

const schema = z.strictObject({
  observation: space,
  actions: z.array(count).min(1),
  masked: z.boolean(),
  maxEpisodeSteps: count.nullable(),
  solvedReturn: z.number().nullable(),
  vector: z.boolean(),
  versions: z.record(z.string(), z.string()),
  actionNames: z.array(z.string()).optional(),
});

/** What a worker tells of its environment, checked. */
export interface WorkerDescription
  extends Pick<
    z.output<typeof schema>,
    'masked' | 'maxEpisodeSteps' | 'solvedReturn' | 'vector' | 'versions'
  > {
  readonly observationSpace: Space;
  readonly actionSpace: Discrete;
  readonly actionNames?: readonly string[] | undefined;
}

/**
 * Reads a worker's first message.
 * @throws EnvironmentDefinitionError where it is not of that form, or its spaces have no counterpart.
 */
export function readDescription(id: string, text: string): WorkerDescription {
  const parsed = schema.safeParse(parseJson(text));
  if (!parsed.success) {
    const [{ path, message }] = parsed.error.issues;
    throw new EnvironmentDefinitionError(
      `Environment ${id}: its worker described it wrongly, at ${path.join('.') || 'the beginning'}: ${message}.`,
    );
  }
  const { observation, actions, ...told } = parsed.data;
  const { observationSpace, actionSpace } = adaptDefinition(
    {
      id,
      observationSpace: ownSpace(observation),
      actionSpace:
        actions.length === 1
          ? { kind: 'discrete', n: actions[0] }
          : { kind: 'multi-discrete', counts: actions },
      create: () => {},
    },
    `Environment ${id}`,
  );
  return { ...told, observationSpace, actionSpace };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function ownSpace(told: ToldSpace): unknown {
  switch (told.kind) {
    case 'box':
      return { ...told, low: ownBound(told.low), high: ownBound(told.high) };
    case 'dict': {
      const parts = Object.entries(told.spaces).map(([key, part]) => [key, ownSpace(part)]);
      return { ...told, spaces: Object.fromEntries(parts) };
    }
    case 'tuple':
      return { ...told, spaces: told.spaces.map(ownSpace) };
    default:
      return told;
  }
}

function ownBound(told: Told): number | number[] {
  if (Array.isArray(told)) return told.map((each) => ownBound(each) as number);
  if (typeof told === 'number') return told;
  return told === 'inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
}
