/** Everything needed to continue a `NumpyRandom`: the words and the position of NumPy's `get_state()`. */
export interface NumpyRandomState {
  /** The 624 unsigned 32-bit words of the generator. */
  readonly key: readonly number[];
  /** How many of them are used: 0 to 624. */
  readonly position: number;
}

const WORDS = 624;
const SHIFT = 397;

/**
 * NumPy's legacy `RandomState`: MT19937 (Matsumoto and Nishimura, "Mersenne Twister", 1998), with its doubles and
 * its masked-rejection integers, bit for bit. It is for environments that equal a Python package; all else draws
 * from `Random`.
 */
export class NumpyRandom {
  readonly #key = new Uint32Array(WORDS);
  #position = WORDS;

  /** @param seed an integer of 0 to 2³² − 1, as of `RandomState(seed)`. */
  constructor(seed: number) {
    this.seed(seed);
  }

  /** A stream that continues from `state`, as `state` gave it. */
  static from({ key, position }: NumpyRandomState): NumpyRandom {
    const whole = Number.isInteger(position) && position >= 0 && position <= WORDS;
    if (key.length !== WORDS || !whole) {
      throw new RangeError(
        `A state has ${WORDS} words and a position up to ${WORDS}, not ${key.length} and ${position}.`,
      );
    }
    const random = new NumpyRandom(0);
    random.#key.set(key);
    random.#position = position;
    return random;
  }

  get state(): NumpyRandomState {
    return { key: Array.from(this.#key), position: this.#position };
  }

  /** Starts over, as `RandomState.seed` does. */
  seed(seed: number): void {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
      throw new RangeError(`A seed of NumPy's RandomState is an integer of 0 to 2³² − 1, not ${seed}.`);
    }
    const key = this.#key;
    key[0] = seed;
    for (let i = 1; i < WORDS; i++) key[i] = Math.imul(1812433253, key[i - 1] ^ (key[i - 1] >>> 30)) + i;
    this.#position = WORDS;
  }

  /** The next 32 bits, as an unsigned integer. */
  next(): number {
    if (this.#position === WORDS) this.#twist();
    let y = this.#key[this.#position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  /** Uniform on [0, 1), with 53 random bits: `random_sample()`. */
  uniform(): number {
    const high = this.next() >>> 5;
    const low = this.next() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /**
   * A uniform integer of [low, high): `randint(low, high)`. With one integer to choose from, nothing is drawn.
   *
   * @throws RangeError unless 1 ≤ high − low ≤ 2³².
   */
  integer(low: number, high: number): number {
    const span = high - 1 - low;
    if (!(Number.isInteger(span) && span >= 0 && span <= 0xffffffff)) {
      throw new RangeError(`There are 1 to 2³² integers to choose from, not those of [${low}, ${high}).`);
    }
    if (span === 0) return low;
    const mask = 0xffffffff >>> Math.clz32(span);
    for (;;) {
      const x = (this.next() & mask) >>> 0;
      if (x <= span) return low + x;
    }
  }

  /** Fills `out` in order: `random_sample(n)`. */
  uniforms(out: Float64Array): void {
    for (let i = 0; i < out.length; i++) out[i] = this.uniform();
  }

  /** Fills `out` in order with integers of [low, high): `randint(low, high, n)`. */
  integers(low: number, high: number, out: Int32Array): void {
    for (let i = 0; i < out.length; i++) out[i] = this.integer(low, high);
  }

  #twist(): void {
    const key = this.#key;
    for (let i = 0; i < WORDS; i++) {
      const y = (key[i] & 0x80000000) | (key[(i + 1) % WORDS] & 0x7fffffff);
      key[i] = key[(i + SHIFT) % WORDS] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#position = 0;
  }
}
