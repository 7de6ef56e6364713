import { elementsOf } from '@qfleet/spaces';
import { type NamedTensors, READ_DTYPES } from '@qfleet/tensor';
import { ModelError } from '../language/model-error.ts';
import type { TransformerShape } from '../language/transformer-shape.ts';
import type { Family, Twin } from './families/family.ts';
import { placePart, type TensorPlan } from './tensor-plan.ts';
import type { WeightFiles } from './weight-files.ts';

/** The tensors of files as a family names them. */
export interface Found {
  /** The name in the files of each name without the prefix and in its newest form. */
  readonly names: ReadonlyMap<string, string>;
  /** Names in the files of what is passed over. */
  readonly passedOver: readonly string[];
  /** Tensors that are there in place of another one, or beside it. */
  readonly twins: readonly Twin[];
}

/**
 * Holds the names, shapes and dtypes of files against what a model of the shape has. Nothing is read.
 *
 * @param directory for messages.
 * @throws ModelError with one sentence on the first tensor that is missing, unexpected or of another shape or dtype.
 */
export function findTensors(
  files: WeightFiles,
  family: Family,
  shape: TransformerShape,
  directory: string,
): Found {
  // Before anything is made for each layer.
  if (shape.layers > files.entries.size)
    throw new ModelError(
      `${directory}: config.json asks for ${shape.layers} layers, and the weights are ${files.entries.size} tensors in all.`,
    );
  const { names, passedOver } = namesOf(files, family);
  const prefixed = [...files.entries.keys()].some((name) => name.startsWith(family.prefix));
  const twins = family.twins(shape).filter(({ name }) => names.has(name));
  const problems: string[] = [];
  const known = new Set(twins.map(({ name }) => name));
  const parts = family.tensors(shape).flatMap((plan) => plan.parts);
  const shapes = new Map(parts.map((part) => [part.name, part.shape]));
  for (const { name, of } of twins) shapes.set(name, shapes.get(of)!);
  for (const { name, shape: expected } of parts) {
    known.add(name);
    if (names.has(name) || twins.some(({ of }) => of === name)) continue;
    const shown = prefixed && !isOfHead(name) ? family.prefix + name : name;
    problems.push(`the tensor ${shown} of shape [${expected.join(', ')}] is missing`);
  }
  for (const name of known) {
    const inFile = names.get(name);
    if (inFile === undefined) continue;
    const { shape: given, dtype } = files.entries.get(inFile)!;
    const expected = shapes.get(name)!;
    if (given.join() !== expected.join())
      problems.push(
        `the tensor ${inFile} has the shape [${given.join(', ')}], and config.json asks for [${expected.join(', ')}]`,
      );
    else if (!READ_DTYPES.includes(dtype))
      problems.push(`the tensor ${inFile} has dtype ${dtype}, and ${READ_DTYPES.join(', ')} are read`);
  }
  for (const [name, inFile] of names) {
    if (known.has(name)) continue;
    const { shape: given } = files.entries.get(inFile)!;
    problems.push(`the tensor ${inFile} of shape [${given.join(', ')}] is unexpected`);
  }
  if (problems.length > 0) {
    const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more such)`;
    throw new ModelError(
      `${directory}: ${problems[0]}${more}: its weights are not those of its config.json.`,
    );
  }
  return { names, passedOver, twins };
}

/** Whether a tensor of files belongs to a head, whose names have no prefix. */
export const isOfHead = (name: string): boolean => /^(lm_head|embed_out|cls)\./.test(name);

/** @throws ModelError where two tensors have one name but for the prefix. */
function namesOf(files: WeightFiles, family: Family): Pick<Found, 'names' | 'passedOver'> {
  const names = new Map<string, string>();
  const passedOver: string[] = [];
  for (const inFile of files.entries.keys()) {
    const plain = inFile.startsWith(family.prefix) ? inFile.slice(family.prefix.length) : inFile;
    const name = family.newName?.(plain) ?? plain;
    if (family.passedOver.test(name)) {
      passedOver.push(inFile);
      continue;
    }
    if (names.has(name))
      throw new ModelError(
        `${files.pathOf(inFile)} has the tensor ${inFile}, which is there as ${names.get(name)} too.`,
      );
    names.set(name, inFile);
  }
  return { names, passedOver };
}

/**
 * Reads the parameters of a model, as float32 by our names.
 *
 * @throws ModelError where a number is not finite, or two tensors that have to be equal are not.
 */
export function readTensors(
  files: WeightFiles,
  family: Family,
  shape: TransformerShape,
  { names, twins }: Found,
): NamedTensors {
  const read = (name: string): Float32Array => {
    const inFile = names.get(name)!;
    const data = files.read(inFile);
    checkFinite(data, files, inFile);
    return data;
  };
  const tensors = new Map(
    family.tensors(shape).map((plan: TensorPlan) => {
      const whole = plan.parts.length === 1 && plan.parts[0].columns === null;
      const data = whole ? null : new Float32Array(elementsOf(plan.shape));
      let single: Float32Array | null = null;
      for (const part of plan.parts) {
        const source = names.has(part.name) ? part.name : twins.find(({ of }) => of === part.name)!.name;
        const values = read(source);
        const twin = twins.find(({ of, name }) => of === source && name !== source);
        if (twin !== undefined && !twin.mayDiffer) checkEqual(values, read(twin.name), files, names, twin);
        if (data === null) single = values;
        else placePart(plan, part, values, data);
      }
      return [plan.name, { shape: plan.shape, data: data ?? single! }];
    }),
  );
  return tensors;
}

function checkFinite(data: Float32Array, files: WeightFiles, name: string): void {
  // What is not finite is not 0 when it is taken from itself.
  const at = data.findIndex((value) => value - value !== 0);
  if (at < 0) return;
  const { shape } = files.entries.get(name)!;
  const place: number[] = [];
  let rest = at;
  for (const size of [...shape].reverse()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  throw new ModelError(
    `${files.pathOf(name)}: the tensor ${name} of shape [${shape.join(', ')}] holds ${data[at]} at [${place.join(', ')}], and every number has to be finite.`,
  );
}

function checkEqual(
  one: Float32Array,
  other: Float32Array,
  files: WeightFiles,
  names: ReadonlyMap<string, string>,
  { name, of }: Twin,
): void {
  if (one.every((value, i) => value === other[i])) return;
  const [first, second] = [names.get(of)!, names.get(name)!];
  throw new ModelError(
    `${files.pathOf(second)}: the tensors ${first} and ${second} differ, and config.json says that they are one: set its tie_word_embeddings to false, or leave one of them out.`,
  );
}
