import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { copyModelFiles, saveWeights } from '@qfleet/networks';
import { RunDirectoryError, writeFileAtomically } from '@qfleet/report';
import type { NamedTensors } from '@qfleet/tensor';
import type { TextModel } from './text-model.ts';

/** How many checkpoints are kept. */
const KEPT = 2;

/** What a run was asked for. */
interface TextRunConfig {
  /** By which other commands know that the run has no environment. */
  readonly task: string;
  readonly [name: string]: unknown;
}

/** How a run stood at one moment: a line of `metrics.jsonl`. */
export interface TextMetrics {
  /** Seconds since the first update began, evaluations included. */
  readonly time: number;
  readonly updates: number;
  /** Tokens that were predicted in them. */
  readonly tokens: number;
  /** The mean since the row before, in nats a token. */
  readonly loss: number;
  /** The global norm of the last update's gradient, before clipping. */
  readonly gradientNorm: number;
  /** The rate of the next update. */
  readonly learningRate: number;
  readonly heldOut?: HeldOut;
}

/** How well the held-out text is predicted. */
export interface HeldOut {
  /** Nats a token. */
  readonly loss: number;
  /** e to the power of that. */
  readonly perplexity: number;
  /** How many tokens were predicted. */
  readonly tokens: number;
}

/**
 * The directory of a run that learns a text:
 *
 *     run.json        the run's id and its task
 *     config.yaml     what it was asked for
 *     metrics.jsonl   how training went
 *     checkpoints/    models, a directory of Hugging Face's format each
 *     summary.json    what came of it
 */
export class TextRun {
  /** Absolute. */
  readonly path: string;

  private constructor(path: string) {
    this.path = resolve(path);
  }

  /**
   * Makes the directory of a new run, which this process has claimed.
   *
   * @throws RunDirectoryError where something is there already.
   */
  static create(path: string, run: string, config: TextRunConfig): TextRun {
    const made = new TextRun(path);
    if (existsSync(join(made.path, 'run.json')))
      throw new RunDirectoryError(`${path} holds a run already: choose another directory.`);
    if (readdirSync(made.path).some((name) => !name.startsWith('session.lock')))
      throw new RunDirectoryError(`${path} is not empty: choose another directory for the run.`);
    mkdirSync(made.#checkpoints);
    // What JSON writes of a value is YAML, too.
    const lines = Object.entries(config).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
    writeFileAtomically(join(made.path, 'config.yaml'), lines.join(''));
    const createdAt = new Date().toISOString();
    made.#writeJson('run.json', { format: 1, run, createdAt, task: config.task });
    return made;
  }

  get #checkpoints(): string {
    return join(this.path, 'checkpoints');
  }

  appendMetrics(row: TextMetrics): void {
    appendFileSync(join(this.path, 'metrics.jsonl'), `${JSON.stringify(row)}\n`);
  }

  writeSummary(summary: object): void {
    this.#writeJson('summary.json', summary);
  }

  /** Writes a model, whole or not at all, and removes old ones. */
  writeCheckpoint({ directory, type, shape }: TextModel, tensors: NamedTensors, updates: number): void {
    const path = join(this.#checkpoints, String(updates).padStart(12, '0'));
    const part = `${path}.part`;
    rmSync(part, { recursive: true, force: true });
    mkdirSync(part);
    copyModelFiles(directory, part);
    saveWeights(part, type, shape, tensors);
    rmSync(path, { recursive: true, force: true });
    renameSync(part, path);
    for (const old of checkpointsIn(this.path).slice(0, -KEPT)) rmSync(old, { recursive: true });
  }

  #writeJson(name: string, value: unknown): void {
    writeFileAtomically(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`);
  }
}

/** The models that a run has kept, oldest first. */
export function checkpointsIn(run: string): string[] {
  const directory = join(run, 'checkpoints');
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names
    .filter((name) => /^\d{12}$/.test(name))
    .sort()
    .map((name) => join(directory, name));
}
