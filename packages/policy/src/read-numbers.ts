import {
  fits,
  type ObservationArray,
  type ObservationDType,
  observationArrays,
  type StateSpec,
  stateSize,
} from '@qfleet/spaces';

/** What was given is not what a policy takes; the message is one sentence. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** The exit code of a process that ends because of it: bad usage. */
  readonly exitCode = 2;
}

/** Numbers as anybody has them: one, a typed array, or lists in lists. */
export type Numbers = number | boolean | ArrayLike<number> | readonly Numbers[];

/** Lists in lists: those of an observation's dimensions, of its frames and of the rows. */
const DEEPEST = 10;

/**
 * The numbers, list after list; true is 1 and false 0.
 *
 * @param what names them in errors.
 * @throws InputError where something else is among them.
 */
export function readNumbers(given: unknown, what: string): ArrayLike<number> {
  if (ArrayBuffer.isView(given) && !(given instanceof DataView)) return given as unknown as ArrayLike<number>;
  const numbers: number[] = [];
  const read = (value: unknown, depth: number): void => {
    if (typeof value === 'number' || typeof value === 'boolean') numbers.push(Number(value));
    else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      for (const each of value as unknown as Iterable<number>) numbers.push(each);
    } else if (Array.isArray(value) && depth < DEEPEST) for (const each of value) read(each, depth + 1);
    else throw new InputError(`${what} must be numbers in lists, and ${described(value)} is among them.`);
  };
  read(given, 0);
  return numbers;
}

function described(value: unknown): string {
  if (Array.isArray(value)) return `a list within ${DEEPEST} others`;
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}

/**
 * States as a network takes them.
 *
 * @param states as many as there are numbers for, one after another.
 * @param spec of the states; `frames` 1 for single observations.
 * @param what names it in errors. Default: the observation.
 * @throws InputError where they are no whole states, or a number is not of the space: not finite, no integer, out of range.
 */
export function readStates(
  states: unknown,
  spec: StateSpec,
  what = 'the observation',
): { states: ObservationArray; count: number } {
  const given = readNumbers(states, capital(what));
  const size = stateSize(spec);
  if (given.length === 0 || given.length % size !== 0) {
    const shape = spec.frames === 1 ? spec.shape : [spec.frames, ...spec.shape];
    throw new InputError(
      `${capital(what)} must have ${size} ${size === 1 ? 'number' : 'numbers'}, [${shape.join(', ')}], and ${given.length} were given.`,
    );
  }
  const { count, dtype, high } = spec;
  for (let i = 0; i < given.length; i++) {
    const x = given[i];
    const isOfSpace = count === undefined ? isElement(x, dtype) && !(x > (high ?? x)) : isState(x, count);
    if (!isOfSpace) throw new InputError(`Number ${i} of ${what} is ${x}, and it must be ${spaceOf(spec)}.`);
  }
  return { states: observationArrays[dtype].from(given) as ObservationArray, count: given.length / size };
}

/**
 * Several states as a network takes them: a list of them, each of the same size, or the numbers of all, one state after another.
 *
 * @throws InputError as `readStates` does, naming the state.
 */
export function readBatch(given: unknown, spec: StateSpec): { states: ObservationArray; count: number } {
  const isList = Array.isArray(given) && given.some((each) => typeof each === 'object' && each !== null);
  if (!isList) return readStates(given, spec);
  const size = stateSize(spec);
  const states = new observationArrays[spec.dtype](given.length * size) as ObservationArray;
  for (const [i, each] of given.entries()) {
    const { states: state, count } = readStates(
      each,
      spec,
      given.length === 1 ? undefined : `observation ${i}`,
    );
    if (count !== 1) throw new InputError(`Observation ${i} holds ${count} states: give each by itself.`);
    states.set(state, i * size);
  }
  return { states, count: given.length };
}

const capital = (text: string): string => text[0].toUpperCase() + text.slice(1);

/** Whether a dtype holds a number, finite also where it has fewer digits. */
function isElement(x: number, dtype: ObservationDType): boolean {
  if (dtype === 'float32') return Number.isFinite(Math.fround(x));
  return dtype === 'float16' ? Math.abs(x) < LARGEST_HALF : fits(x, dtype);
}

/** From here on a number is an infinity in half precision. */
const LARGEST_HALF = 65_520;

const isState = (x: number, count: number): boolean => Number.isInteger(x) && x >= 0 && x < count;

function spaceOf({ count, dtype, high = 255 }: StateSpec): string {
  if (count !== undefined) return `an integer from 0 to ${count - 1}`;
  if (dtype === 'uint8') return `an integer from 0 to ${high}`;
  return dtype === 'int32' ? 'an integer of 32 bits' : 'finite';
}

/**
 * Masks [rows, actions] as a policy takes them.
 *
 * @throws InputError where there are more or fewer, or a row allows nothing.
 */
export function readMasks(masks: unknown, rows: number, actions: number): Uint8Array {
  const given = readNumbers(masks, 'The mask');
  if (given.length !== rows * actions) {
    throw new InputError(
      `The mask must have a number for each action, ${rows * actions}, and ${given.length} were given.`,
    );
  }
  const read = Uint8Array.from(given, (each) => (each === 0 ? 0 : 1));
  for (let row = 0; row < rows; row++) {
    if (!read.subarray(row * actions, (row + 1) * actions).includes(1)) {
      throw new InputError(
        `The mask${rows === 1 ? '' : ` of row ${row}`} allows no action: at least one must be allowed.`,
      );
    }
  }
  return read;
}
