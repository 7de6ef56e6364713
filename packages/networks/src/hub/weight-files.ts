import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SafetensorsFile, type TensorEntry } from '@qfleet/tensor';
import { ModelError } from '../language/model-error.ts';
import { exists, isObject, readJsonObject } from './read-json.ts';

const SINGLE = 'model.safetensors';
/** Says which file each tensor is in, where there are several. */
export const INDEX = 'model.safetensors.index.json';

/** What files of weights are that run code when they are opened: Python pickles, plain or in a zip archive. */
const PICKLES = /\.(bin|pt|pth|ckpt|pkl|pickle)$/;

/** Weights of other programs. */
const OTHERS = /\.(gguf|ggml|onnx|h5|msgpack|npz)$/;

/** How a pickle is converted, in the middle of a sentence. */
const CONVERT =
  'where you trust it, convert it with `python3 -c "import sys, transformers as t; ' +
  't.AutoModelForCausalLM.from_pretrained(sys.argv[1]).save_pretrained(sys.argv[1])" DIR` (an encoder\'s with AutoModel).';

/**
 * What files begin with, in hexadecimal digits, that are no safetensors and are mistaken for such. The first eight bytes of
 * one are a small number: zeros follow soon.
 */
const FOREIGN: readonly (readonly [start: RegExp, what: string])[] = [
  [/^504b0304/, 'a zip archive as PyTorch writes, which holds a pickle'],
  [/^800[2-5](?!00)/, 'a Python pickle'],
  [/^76657273696f6e20/, 'a pointer of Git LFS: fetch the file itself with `git lfs pull`'],
  [/^47475546/, 'a GGUF file'],
  [/^894844460d0a/, 'an HDF5 file'],
  [/^3c(21|3f|[46][1-9a-f]|[57][0-9a])([2-7][0-9a-f]|0[ad]){6}/, 'a page of HTML or XML'],
];

/** The weights of a directory: where each tensor is. */
export class WeightFiles {
  readonly paths: readonly string[];
  /** Every tensor by its name in the files. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly #files: readonly SafetensorsFile[];
  readonly #fileOf: ReadonlyMap<string, number>;

  /**
   * Opens the files of a model and reads their headers.
   *
   * @throws ModelError with one sentence where a file is missing, truncated, foreign, or a pickle, which is not opened.
   */
  constructor(directory: string) {
    const { names, index } = find(directory);
    const files: SafetensorsFile[] = [];
    const entries = new Map<string, TensorEntry>();
    const fileOf = new Map<string, number>();
    this.#files = files;
    this.paths = names.map((name) => join(directory, name));
    this.entries = entries;
    this.#fileOf = fileOf;
    try {
      for (const [i, path] of this.paths.entries()) {
        const file = open(path);
        files.push(file);
        for (const entry of file.entries) {
          if (fileOf.has(entry.name)) {
            const first = names[fileOf.get(entry.name)!];
            throw new ModelError(`${path} has the tensor ${entry.name}, which ${first} has too.`);
          }
          entries.set(entry.name, entry);
          fileOf.set(entry.name, i);
        }
      }
      if (index !== null) this.#checkIndex(join(directory, INDEX), names, index);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The values of a tensor as float32. */
  read(name: string): Float32Array {
    return this.#files[this.#fileOf.get(name)!].read(this.entries.get(name)!);
  }

  /** The path of the file that a tensor is in. */
  pathOf(name: string): string {
    return this.paths[this.#fileOf.get(name)!];
  }

  close(): void {
    for (const file of this.#files) file.close();
  }

  #checkIndex(path: string, names: readonly string[], index: ReadonlyMap<string, string>): void {
    for (const [name, file] of index) {
      const at = this.#fileOf.get(name);
      if (at === undefined)
        throw new ModelError(
          `${path} says that ${file} has the tensor ${name}, and it has none of that name.`,
        );
      if (names[at] !== file)
        throw new ModelError(`${path} says that ${file} has the tensor ${name}, which is in ${names[at]}.`);
    }
    const unnamed = [...this.entries.keys()].find((name) => !index.has(name));
    if (unnamed !== undefined)
      throw new ModelError(
        `${this.pathOf(unnamed)} has the tensor ${unnamed}, which ${basename(path)} does not name.`,
      );
  }
}

/** The names of a model's files, and of several what each tensor's is. */
function find(directory: string): { names: string[]; index: ReadonlyMap<string, string> | null } {
  if (exists(join(directory, SINGLE))) return { names: [SINGLE], index: null };
  if (exists(join(directory, INDEX))) {
    const index = readIndex(directory);
    return { names: [...new Set(index.values())].sort(), index };
  }
  const there = readdirSync(directory);
  const pickle = there.find((name) => PICKLES.test(name));
  if (pickle !== undefined) {
    throw new ModelError(
      `${directory} has ${pickle} and no ${SINGLE}: it is a pickle, which may run code when it is opened, and so was not; ` +
        CONVERT,
    );
  }
  const other = there.find((name) => OTHERS.test(name));
  if (other !== undefined)
    throw new ModelError(
      `${directory} has ${other} and no ${SINGLE}, the only kind of weights that is read: have the library transformers load it and save it here.`,
    );
  throw new ModelError(`${directory} has no weights: neither ${SINGLE} nor ${INDEX} is there.`);
}

/** The file of each tensor. */
function readIndex(directory: string): Map<string, string> {
  const path = join(directory, INDEX);
  const { weight_map: map } = readJsonObject(path);
  if (!isObject(map) || Object.keys(map).length === 0)
    throw new ModelError(`${path} has no weight_map that names tensors.`);
  return new Map(
    Object.entries(map).map(([name, file]) => {
      if (typeof file !== 'string' || basename(file) !== file || !file.endsWith('.safetensors'))
        throw new ModelError(
          `${path} says that the tensor ${name} is in ${JSON.stringify(file)}, which names no safetensors file beside it.`,
        );
      if (!exists(join(directory, file))) throw new ModelError(`${path} names ${file}, which is not there.`);
      return [name, file];
    }),
  );
}

function open(path: string): SafetensorsFile {
  try {
    return new SafetensorsFile(path);
  } catch (cause) {
    const what = foreignKind(path);
    if (what === null) throw new ModelError(`${path}: ${(cause as Error).message}.`, { cause });
    const hint = what.includes('pickle') ? `: name it pytorch_model.bin, and ${CONVERT}` : '.';
    throw new ModelError(`${path} is no safetensors file, but ${what}${hint}`, { cause });
  }
}

/** What a file is by its first bytes; null: nothing that is known. */
function foreignKind(path: string): string | null {
  const bytes = new Uint8Array(32);
  try {
    const descriptor = openSync(path, 'r');
    try {
      readSync(descriptor, bytes);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return null;
  }
  const start = Buffer.from(bytes).toString('hex');
  return FOREIGN.find(([mark]) => mark.test(start))?.[1] ?? null;
}
