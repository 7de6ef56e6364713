/** Everything needed to continue a stream exactly where it was: four unsigned 32-bit words. */
export type RandomState = readonly [number, number, number, number];

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** FNV-1a: spreads a label over 32 bits. */
function hash(label: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < label.length; i++) h = Math.imul(h ^ label.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

/** splitmix32: the seeder that xoshiro's authors advise, so that nearby seeds give unrelated streams. */
function* splitmix32(seed: number): Generator<number, never> {
  let s = seed | 0;
  for (;;) {
    s = (s + 0x9e3779b9) | 0;
    let z = Math.imul(s ^ (s >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    yield (z ^ (z >>> 15)) >>> 0;
  }
}

/**
 * A seeded stream of random numbers: xoshiro128++ 1.0 (Blackman and Vigna, "Scrambled linear pseudorandom
 * number generators", 2021). The same seed gives the same numbers on every machine.
 *
 * @example
 * const random = new Random(7);
 * const { state } = random;
 * const drawn = [random.uniform(), random.integer(6), random.normal()];
 * const again = Random.from(state);
 * [again.uniform(), again.integer(6), again.normal()]; // → drawn
 */
export class Random {
  readonly #s = new Int32Array(4);

  /** @param seed an integer; its low 32 bits are used. */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`A seed is an integer, not ${seed}.`);
    const words = splitmix32(seed ^ Math.floor(seed / 0x100000000));
    for (let i = 0; i < 4; i++) this.#s[i] = words.next().value;
  }

  /** A stream that continues from `state`, as `state` gave it. */
  static from(state: RandomState): Random {
    const random = new Random(0);
    random.#s.set(state);
    return random;
  }

  /** The seed of the stream that `label` names within the run of `seed`: independent of every other label's. */
  static seed(seed: number, label: string): number {
    return splitmix32((seed ^ hash(label)) | 0).next().value;
  }

  get state(): RandomState {
    return Array.from(this.#s, (word) => word >>> 0) as unknown as RandomState;
  }

  /** The next 32 bits, as an unsigned integer. */
  next(): number {
    const s = this.#s;
    const result = (rotl((s[0] + s[3]) | 0, 7) + s[0]) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 11);
    return result;
  }

  /** Uniform on [0, 1), with 53 random bits. */
  uniform(): number {
    const high = this.next() >>> 5;
    const low = this.next() >>> 6;
    return (high * 0x4000000 + low) / 0x20000000000000;
  }

  /** A uniform integer on [0, n), without modulo bias; 1 ≤ n ≤ 2³². */
  integer(n: number): number {
    // Lemire-style rejection, in plain doubles: draws above the largest multiple of n are drawn again.
    const limit = 0x100000000 - (0x100000000 % n);
    for (;;) {
      const x = this.next();
      if (x < limit) return x % n;
    }
  }

  /** A draw from the standard normal distribution (Box and Muller, 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}
