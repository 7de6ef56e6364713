/** One of a file's tensors, or where its numbers go in a parameter of ours. */
export interface Part {
  /** Its name in files, without the prefix of the family. */
  readonly name: string;
  /** Its shape in files. */
  readonly shape: readonly number[];
  /** Null: its numbers are the parameter's, as they lie. */
  readonly columns: Columns | null;
}

/** How a matrix or vector of a file lies in the last axis of a parameter. */
interface Columns {
  /** Whether a matrix of the file is [outputs, inputs], as PyTorch's `Linear` has it. */
  readonly transposed: boolean;
  /** The parameter's column of an output of the file's tensor. */
  readonly of: (output: number) => number;
}

/** What a parameter of ours is made of. */
export interface TensorPlan {
  /** Our name. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly parts: readonly Part[];
}

/** A parameter that a file has as it is. */
export function sameAs(name: string, inFile: string, shape: readonly number[]): TensorPlan {
  return { name, shape, parts: [{ name: inFile, shape, columns: null }] };
}

/** A tensor of a file that holds some outputs of a dense layer. */
export interface Outputs {
  /** Without `.weight` and `.bias`. */
  readonly name: string;
  readonly outputs: number;
  /** Where they are among the layer's outputs. */
  readonly of: (output: number) => number;
}

/** Outputs side by side, each tensor's after those of the one before. */
export function sideBySide(...parts: readonly (readonly [name: string, outputs: number])[]): Outputs[] {
  let offset = 0;
  return parts.map(([name, outputs]) => {
    const first = offset;
    offset += outputs;
    return { name, outputs, of: (output) => first + output };
  });
}

/**
 * A dense layer.
 *
 * @param name our name, without `/kernel` and `/bias`.
 * @param transposed whether files have its matrices as [outputs, inputs].
 */
export function dense(
  name: string,
  inputs: number,
  parts: readonly Outputs[],
  bias: boolean,
  transposed = true,
): TensorPlan[] {
  const total = parts.reduce((sum, { outputs }) => sum + outputs, 0);
  const kernel = {
    name: `${name}/kernel`,
    shape: [inputs, total],
    parts: parts.map(({ name: file, outputs, of }) => ({
      name: `${file}.weight`,
      shape: transposed ? [outputs, inputs] : [inputs, outputs],
      columns: { transposed, of },
    })),
  };
  if (!bias) return [kernel];
  const vectors = parts.map(({ name: file, outputs, of }) => ({
    name: `${file}.bias`,
    shape: [outputs],
    columns: { transposed: false, of },
  }));
  return [kernel, { name: `${name}/bias`, shape: [total], parts: vectors }];
}

/** A norm. @param name that of what it belongs to. */
export function norm(name: string, inFile: string, width: number, hasBias: boolean): TensorPlan[] {
  const gain = sameAs(`${name}/norm/gain`, `${inFile}.weight`, [width]);
  return hasBias ? [gain, sameAs(`${name}/norm/bias`, `${inFile}.bias`, [width])] : [gain];
}

/** Rows of a matrix that are moved together: what they touch stays in a processor's cache. */
const BLOCK = 16;

/**
 * Copies the numbers of a part of `plan` to where they belong.
 *
 * @param data in the file's order.
 * @param into in the parameter's order.
 */
export function placePart(plan: TensorPlan, part: Part, data: Float32Array, into: Float32Array): void {
  if (part.columns === null) into.set(data);
  else
    forEachPlace(plan, part, (ours, inFile) => {
      into[ours] = data[inFile];
    });
}

/** The numbers of a part in the file's order, of a parameter's: what `placePart` undoes. */
export function takePart(plan: TensorPlan, part: Part, parameter: Float32Array): Float32Array {
  if (part.columns === null) return parameter;
  const data = new Float32Array(part.shape.reduce((product, size) => product * size, 1));
  forEachPlace(plan, part, (ours, inFile) => {
    data[inFile] = parameter[ours];
  });
  return data;
}

/** Calls back with each place of a part that has columns: in the parameter, and in the file. */
function forEachPlace(
  { shape: ours }: TensorPlan,
  { shape, columns }: Part,
  visit: (ours: number, inFile: number) => void,
): void {
  const { transposed, of } = columns!;
  const total = ours[ours.length - 1];
  const [outputs, inputs = 1] = transposed || shape.length === 1 ? shape : [shape[1], shape[0]];
  const [step, stride] = transposed ? [inputs, 1] : [1, outputs];
  for (let first = 0; first < outputs; first += BLOCK) {
    const last = Math.min(outputs, first + BLOCK);
    const places = Array.from({ length: last - first }, (_, i) => of(first + i));
    for (let i = 0; i < inputs; i++) {
      for (let j = first; j < last; j++) visit(i * total + places[j - first], j * step + i * stride);
    }
  }
}
