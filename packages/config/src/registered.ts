import { ConfigError } from './errors.ts';

/** What user code makes known under names, by which a configuration then asks for it. */
export class Registered<T> {
  readonly #what: string;
  readonly #register: string;
  readonly #known = new Map<string, T>();

  /**
   * @param what names it in errors, as a configuration's field.
   * @param register the function by which it is made known.
   */
  constructor(what: string, register: string) {
    this.#what = what;
    this.#register = register;
  }

  /**
   * Makes something known; one of the same name is replaced.
   * @throws ConfigError for a name that is empty or long.
   */
  add(name: string, value: T): void {
    if (typeof name !== 'string' || !/^[\w./-]{1,64}$/.test(name)) {
      throw new ConfigError([
        `${this.#register} takes a name of 1 to 64 letters, digits and . _ / -, and was given ${JSON.stringify(name)}.`,
      ]);
    }
    this.#known.set(name, value);
  }

  /** @throws ConfigError where nothing of this name is known, with what is. */
  find(name: string): T {
    const found = this.#known.get(name);
    if (found !== undefined) return found;
    const known = [...this.#known.keys()];
    throw new ConfigError([
      `${this.#what} is custom, and nothing named ${name} is registered in this process` +
        `${known.length === 0 ? '' : ` (there is ${known.join(', ')})`}: call ${this.#register}('${name}', …) in the environment's ` +
        'module, which every process imports.',
    ]);
  }
}
