import { ModelError } from '../language/model-error.ts';
import type { Activation } from '../layers/activation.ts';
import { isObject, type JsonObject } from './read-json.ts';

/** The activations that are known, by Hugging Face's names. */
const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  ...{ gelu: 'gelu', gelu_python: 'gelu' },
  ...{ gelu_new: 'gelu-tanh', gelu_pytorch_tanh: 'gelu-tanh', gelu_fast: 'gelu-tanh' },
  quick_gelu: 'gelu-sigmoid',
  ...{ silu: 'silu', swish: 'silu' },
  relu: 'relu',
};

/** Reads the fields of a config.json; what is not as it must be is refused with one sentence. */
export class ConfigReader {
  readonly path: string;
  readonly #fields: JsonObject;

  /** @param path of the file, for messages. */
  constructor(fields: JsonObject, path: string) {
    this.#fields = fields;
    this.path = path;
  }

  /** A field that is there and not null. */
  has(name: string): boolean {
    return this.#fields[name] !== undefined && this.#fields[name] !== null;
  }

  /** A whole number from 1 on. @param ifAbsent absent: it has to be there. */
  size(name: string, ifAbsent?: number): number {
    return this.#read(name, ifAbsent, 'a whole number from 1 on', (value): value is number => isSize(value));
  }

  /** A number above 0. @param ifAbsent absent: it has to be there. */
  positive(name: string, ifAbsent?: number): number {
    return this.#read(name, ifAbsent, 'a number above 0', isPositive);
  }

  flag(name: string, ifAbsent: boolean): boolean {
    return this.#read(
      name,
      ifAbsent,
      'true or false',
      (value): value is boolean => typeof value === 'boolean',
    );
  }

  text(name: string, ifAbsent?: string): string {
    return this.#read(name, ifAbsent, 'a text', (value): value is string => typeof value === 'string');
  }

  /** An object's fields; null where it is absent. */
  object(name: string): ConfigReader | null {
    if (!this.has(name)) return null;
    const value = this.#read<JsonObject>(name, undefined, 'an object', isObject);
    return new ConfigReader(value, `${this.path}, ${name}`);
  }

  /** The name of a field that is an object; undefined: none is. */
  nested(): string | undefined {
    return Object.keys(this.#fields).find((name) => isObject(this.#fields[name]));
  }

  /** A list of texts; null where it is absent. */
  texts(name: string): readonly string[] | null {
    if (!this.has(name)) return null;
    return this.#read(
      name,
      undefined,
      'a list of texts',
      (value): value is string[] => Array.isArray(value) && value.every((each) => typeof each === 'string'),
    );
  }

  activation(name: string, ifAbsent: string): Activation {
    const given = this.text(name, ifAbsent);
    if (!Object.hasOwn(ACTIVATIONS, given))
      this.refuse(name, `is '${given}': known are ${listed(ACTIVATIONS)}`);
    return ACTIVATIONS[given];
  }

  /** @param problem follows the field's name, without a full stop. @throws ModelError always. */
  refuse(name: string, problem: string): never {
    throw new ModelError(`${this.path}: ${name} ${problem}.`);
  }

  #read<T>(name: string, ifAbsent: T | undefined, kind: string, isRight: (value: unknown) => value is T): T {
    const value = this.#fields[name] ?? ifAbsent;
    if (value === undefined) this.refuse(name, 'is missing');
    if (!isRight(value)) this.refuse(name, `is ${JSON.stringify(value)}, and it has to be ${kind}`);
    return value;
  }
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;

const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0;

/** The keys of a record, as a message lists them. */
export const listed = (record: object): string => Object.keys(record).join(', ');
