import type { Positions } from '../../language/transformer-shape.ts';
import type { ConfigReader } from '../config-reader.ts';

const KINDS = ['default', 'linear'];

/** The base where nothing else is said. */
const THETA = 10_000;

/** The names of what a family's configurations tell beside `rope_parameters`. */
export interface RotaryNames {
  readonly theta: string;
  /** The part of a head that is rotated; null: all of it always is. */
  readonly part: { readonly name: string; readonly ifAbsent: number } | null;
}

/**
 * The rotary positions of a configuration: of `rope_parameters`, as written since transformers 5, or of `rope_theta`,
 * `rope_scaling` and the like, as written before.
 *
 * @throws ModelError where they are of a kind that is not known.
 */
export function rotaryPositions(config: ConfigReader, headSize: number, names: RotaryNames): Positions {
  const newer = config.object('rope_parameters');
  const older = config.object('rope_scaling');
  const told = older ?? newer;
  const nested = told?.nested();
  if (nested !== undefined)
    told!.refuse(nested, 'tells of some layers alone: known are positions that all layers share');
  const kindName = told?.has('rope_type') ? 'rope_type' : 'type';
  const kind = told?.text(kindName, 'default') ?? 'default';
  if (!KINDS.includes(kind)) told!.refuse(kindName, `is '${kind}': known are ${KINDS.join(', ')}`);
  const theta = newer?.has('rope_theta')
    ? newer.positive('rope_theta')
    : older?.has('rope_theta')
      ? older.positive('rope_theta')
      : config.positive(names.theta, THETA);
  return {
    kind: 'rotary',
    theta,
    size: rotatedSize(config, headSize, names),
    factor: kind === 'linear' ? told!.positive('factor') : 1,
  };
}

function rotatedSize(config: ConfigReader, headSize: number, { part }: RotaryNames): number {
  const [holder, name] =
    ['rope_scaling', 'rope_parameters']
      .map((each) => [config.object(each), 'partial_rotary_factor'] as const)
      .find(([each, field]) => each?.has(field)) ??
    ([
      config,
      config.has('partial_rotary_factor') || part === null ? 'partial_rotary_factor' : part.name,
    ] as const);
  const fraction = holder!.positive(name, part?.ifAbsent ?? 1);
  if (part === null && fraction !== 1)
    holder!.refuse(name, `is ${fraction}: models of this kind rotate whole heads`);
  const size = Math.trunc(headSize * fraction);
  if (size % 2 === 0 && size >= 2 && size <= headSize) return size;
  // Of whole heads it is their size that is odd, and nobody may have said which part of them is rotated.
  if (fraction === 1)
    config.refuse(
      config.has('head_dim') ? 'head_dim' : 'hidden_size',
      `makes heads of ${headSize} numbers, and rotary positions need an even number of them`,
    );
  return holder!.refuse(
    name,
    `is ${fraction}, so that ${size} of the ${headSize} numbers of a head would be rotated: it has to be an even number of them`,
  );
}
