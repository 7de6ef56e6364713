import type { AboutRun, StageRequest, Standing } from '@qfleet/browser';

/** Where the page has a run from: the command that serves it, or its own files. */
export interface RunSource {
  about(): Promise<AboutRun>;
  /** The bytes of a checkpoint's weights; null: they are not kept any more. @throws Error: one sentence. */
  weights(name: string): Promise<Uint8Array | null>;
  /** The answer of a stage behind the page. @throws Error: one sentence. */
  ask(request: StageRequest): Promise<Uint8Array>;
  /** Tells how the run stands, and whether it still can be asked: at once, and after each change. */
  follow(listener: (standing: Standing, isServed: boolean) => void): void;
}
