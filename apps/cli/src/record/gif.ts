import gifenc from 'gifenc';

/** Colours of a palette. */
const COLOURS = 256;
/** Frames that the palette is taken from: all colours of an environment come soon. */
const SAMPLED = 24;
/** GIF counts time in hundredths of a second, and browsers slow down what is faster than two. */
const LEAST_DELAY_MS = 20;

/** Writes frames as an animated GIF: one palette for all, and of each frame what changed. */
export class GifWriter {
  readonly #width: number;
  readonly #height: number;
  readonly #delay: number;
  readonly #encoder = gifenc.GIFEncoder();
  /** The first frames, until there is a palette. */
  #waiting: Uint8Array[] = [];
  #palette: number[][] | null = null;
  /** The colours of the last frame, by the palette. */
  #last: Uint8Array | null = null;
  #frames = 0;

  /** @param delay milliseconds between frames. */
  constructor(width: number, height: number, delay: number) {
    this.#width = width;
    this.#height = height;
    this.#delay = Math.max(LEAST_DELAY_MS, Math.round(delay / 10) * 10);
  }

  get frames(): number {
    return this.#frames;
  }

  /** @param pixels RGBA; taken over. */
  add(pixels: Uint8Array): void {
    this.#frames++;
    if (this.#palette !== null) {
      this.#write(pixels, this.#palette);
      return;
    }
    this.#waiting.push(pixels);
    if (this.#waiting.length === SAMPLED) this.#begin();
  }

  /** The file. */
  finish(): Uint8Array {
    if (this.#palette === null) this.#begin();
    this.#encoder.finish();
    return this.#encoder.bytes();
  }

  #begin(): void {
    const all = new Uint8Array(this.#waiting.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const pixels of this.#waiting) {
      all.set(pixels, at);
      at += pixels.length;
    }
    // One is kept for what does not change.
    this.#palette = gifenc.quantize(all, COLOURS - 1);
    for (const pixels of this.#waiting) this.#write(pixels, this.#palette);
    this.#waiting = [];
  }

  #write(pixels: Uint8Array, palette: number[][]): void {
    const indexed = gifenc.applyPalette(pixels, palette);
    const transparent = palette.length;
    const changed =
      this.#last === null
        ? indexed
        : indexed.map((colour, i) => (colour === this.#last![i] ? transparent : colour));
    this.#encoder.writeFrame(changed, this.#width, this.#height, {
      ...(this.#last === null ? { palette: [...palette, [0, 0, 0]], repeat: 0 } : {}),
      transparent: this.#last !== null,
      transparentIndex: transparent,
      delay: this.#delay,
      dispose: 1,
    });
    this.#last = indexed;
  }
}
