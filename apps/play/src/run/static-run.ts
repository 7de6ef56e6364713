import type { AboutRun, PageData, Standing } from '@qfleet/browser';
import type { RunSource } from './source.ts';

/** A run that lies in the page's own files. */
export class StaticRun implements RunSource {
  readonly #data: PageData;

  constructor(data: PageData) {
    this.#data = data;
  }

  async about(): Promise<AboutRun> {
    return this.#data.about;
  }

  async weights(name: string): Promise<Uint8Array> {
    return bytesOf(this.#data.weights[name]);
  }

  ask(): Promise<never> {
    return Promise.reject(new Error('The files of a page have no stage behind them.'));
  }

  follow(listener: (standing: Standing, isServed: boolean) => void): void {
    listener(this.#data.standing, true);
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
