import type { AboutRun, RunSource, Standing } from './about.ts';

/** What `data.js` of an exported page defines. */
export interface StaticData {
  readonly about: AboutRun;
  readonly standing: Standing;
  /** Each checkpoint's weights by its name, in base64. */
  readonly weights: Readonly<Record<string, string>>;
  /** tfjs's WebAssembly in base64; null: the agent needs none. */
  readonly wasm: string | null;
}

/** A run that lies in the page's own files. */
export class StaticRun implements RunSource {
  readonly #data: StaticData;

  constructor(data: StaticData) {
    this.#data = data;
  }

  async about(): Promise<AboutRun> {
    return this.#data.about;
  }

  async weights(name: string): Promise<Uint8Array> {
    return bytesOf(this.#data.weights[name]);
  }

  follow(listener: (standing: Standing) => void): void {
    listener(this.#data.standing);
  }

  /** Where tfjs's WebAssembly is to be had. */
  wasmUrl(): string | null {
    const { wasm } = this.#data;
    return wasm === null
      ? null
      : URL.createObjectURL(new Blob([bytesOf(wasm)], { type: 'application/wasm' }));
  }
}

const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
