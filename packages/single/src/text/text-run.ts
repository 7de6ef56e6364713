import { appendFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAs, parseYaml } from '@qfleet/config';
import { RunDirectory, RunDirectoryError, readTextFile, writeFileAtomically } from '@qfleet/report';
import { z } from 'zod';

/** The version of the layout below. */
const FORMAT = 1;

/** The task whose data is a text. */
const TEXT_TASK = 'text/lm';

const configSchema = z.strictObject({
  task: z.literal(TEXT_TASK).describe('by which other commands know that the run has no environment'),
  data: z.string().describe("the text's path"),
  text: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('the SHA-256 of the text, in hexadecimal digits'),
  model: z.string().nullable().describe('the directory of the model that it began with; null: a new one'),
  context: z.int().positive().describe('tokens of a window'),
  seed: z.int().nonnegative(),
  maxSeconds: z.number().positive().nullable(),
  maxUpdates: z.int().positive().nullable(),
  learningRate: z.number().positive(),
});

/** What a run was asked for. */
export type TextRunConfig = z.infer<typeof configSchema>;

const summarySchema = z.object({
  stopReason: z.enum(['maxUpdates', 'maxSeconds', 'interrupted']),
  updates: z.int(),
  trainingSeconds: z.number(),
});

/** What is read again of what came of a run, which says more. */
export type TextSummary = z.infer<typeof summarySchema>;

/** How a run stood at one moment: a line of `metrics.jsonl`. */
export interface TextMetrics {
  /** Seconds of training, evaluations included, over all sessions of the run. */
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
    mkdirSync(join(made.path, 'checkpoints'));
    made.writeConfig(config);
    const createdAt = new Date().toISOString();
    made.#writeJson('run.json', { format: FORMAT, run, createdAt, task: config.task });
    return made;
  }

  /** Whether the directory holds such a run. */
  static is(path: string): boolean {
    return RunDirectory.exists(path) && RunDirectory.about(path).task === TEXT_TASK;
  }

  /**
   * Opens the directory of a run.
   *
   * @throws RunDirectoryError where it is none, or one of a newer Qfleet; ConfigError where its configuration is not valid.
   */
  static open(path: string): { directory: TextRun; run: string; config: TextRunConfig } {
    const { run, task } = RunDirectory.about(path);
    if (task !== TEXT_TASK)
      throw new RunDirectoryError(`${path} is no run of ${TEXT_TASK}: its run.json does not say so.`);
    const file = join(path, 'config.yaml');
    if (!existsSync(file)) throw new RunDirectoryError(`${path} has no config.yaml: it was removed.`);
    const { value } = parseAs(configSchema, parseYaml(readTextFile(file), file));
    return { directory: new TextRun(path), run, config: value };
  }

  appendMetrics(row: TextMetrics): void {
    appendFileSync(join(this.path, 'metrics.jsonl'), `${JSON.stringify(row)}\n`);
  }

  writeSummary(summary: TextSummary): void {
    this.#writeJson('summary.json', summary);
  }

  /** Null: no session of the run has ended in order. @throws RunDirectoryError where it is not what Qfleet writes. */
  readSummary(): TextSummary | null {
    const path = join(this.path, 'summary.json');
    if (!existsSync(path)) return null;
    try {
      return summarySchema.loose().parse(JSON.parse(readTextFile(path)));
    } catch {
      throw new RunDirectoryError(`${path} is not what Qfleet writes: remove it.`);
    }
  }

  /** Removes the metrics of later updates than those that training goes on from, and lines that were cut short. */
  keepMetricsUpTo(updates: number): void {
    const path = join(this.path, 'metrics.jsonl');
    if (!existsSync(path)) return;
    const kept = readTextFile(path)
      .split('\n')
      .filter((line) => {
        const made = updatesOf(line);
        return made !== null && made <= updates;
      });
    writeFileAtomically(path, kept.map((line) => `${line}\n`).join(''));
  }

  writeConfig(config: TextRunConfig): void {
    // What JSON writes of a value is YAML, too.
    const lines = Object.entries(config).map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`);
    writeFileAtomically(join(this.path, 'config.yaml'), lines.join(''));
  }

  #writeJson(name: string, value: unknown): void {
    writeFileAtomically(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`);
  }
}

/** The updates of a line of the metrics; null: it was cut short. */
function updatesOf(line: string): number | null {
  try {
    const { updates } = JSON.parse(line) as { updates?: unknown };
    return typeof updates === 'number' ? updates : null;
  } catch {
    return null;
  }
}
