import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { beginsWithModel, type Change, loadRunConfig, type RunConfig, toYaml } from '@qfleet/config';
import { z } from 'zod';
import { writeFileAtomically } from './atomic-write.ts';
import { RunDirectoryError } from './errors.ts';
import { holderOf, type Lock, type LockOptions, takeLock } from './lock.ts';
import { type Holder, type Life, lifeOf } from './lock-holder.ts';
import { MetricsFile } from './metrics-file.ts';
import { readTextFile } from './read-file.ts';
import { type MetricsRow, type RunSummary, runSummarySchema } from './records.ts';
import { StorageError } from './storage-error.ts';
import { EventFile } from './tensorboard/event-file.ts';

/** The version of the layout below; raised when an older Qfleet could no longer read it. */
const format = 1;

/** The folder of a run's own copy of a model. */
const MODEL = 'model';

/** Held by the command that runs the run; `lock`, beside it, by the process that trains. */
const SESSION_LOCK = 'session.lock';

const runFileSchema = z.object({
  format: z.int(),
  run: z.string().min(1),
  createdAt: z.string(),
  module: z.string().optional().describe("path of the environment's module from the run directory"),
  task: z.string().optional().describe('what is learned, where it is no environment'),
});

/**
 * The directory that holds all there is to know of a run:
 *
 *     run.json        the run's id, the version of this layout
 *     config.yaml     the whole configuration
 *     metrics.jsonl   how training went
 *     checkpoints/    what `qfleet resume` and `qfleet eval` load
 *     curve.svg       the learning curve
 *     summary.json    what came of it
 *     model/          the language model that its agent began with, if it began with one
 *     events.out.…    the metrics for TensorBoard, where the configuration asks for them
 */
export class RunDirectory implements Disposable {
  /** Absolute. */
  readonly path: string;
  /** The run's id, which names its keys on Redis. */
  readonly run: string;
  readonly config: RunConfig;
  readonly #metrics: MetricsFile;
  /** Null: the configuration asks for none. */
  readonly #events: EventFile | null;
  #lock: Lock | null = null;

  private constructor(path: string, run: string, config: RunConfig) {
    this.path = path;
    this.run = run;
    this.config = config;
    this.#metrics = new MetricsFile(join(path, 'metrics.jsonl'));
    this.#events = config.report.tensorboard ? new EventFile(path) : null;
  }

  /**
   * Makes the directory of a new run, with all folders above it.
   *
   * @throws RunDirectoryError when something is there already; StorageError when it can't be written, and then nothing is
   *   left in it.
   */
  static create(path: string, run: string, config: RunConfig): RunDirectory {
    const absolute = resolve(path);
    try {
      makeFolders(join(absolute, 'checkpoints'));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new RunDirectoryError(`${path} cannot be made a run directory (${code}): choose another.`);
    }
    if (existsSync(join(absolute, 'run.json'))) {
      throw new RunDirectoryError(`${path} holds a run already: resume that, or choose another directory.`);
    }
    const others = readdirSync(absolute).filter(
      (name) => name !== 'checkpoints' && !name.startsWith(SESSION_LOCK),
    );
    if (others.length > 0 || readdirSync(join(absolute, 'checkpoints')).length > 0) {
      throw new RunDirectoryError(`${path} is not empty: choose another directory for the run.`);
    }
    const directory = new RunDirectory(absolute, run, config);
    const { module } = config.environment;
    try {
      directory.#writeConfig(config);
      // Last: with this file the directory is a run.
      directory.#writeJson('run.json', {
        format,
        run,
        createdAt: new Date().toISOString(),
        ...(module === undefined ? {} : { module: relative(absolute, module) }),
      });
    } catch (error) {
      directory.discard();
      throw error;
    }
    return directory;
  }

  /** Removes all that is in the directory of a run that could not be begun, so that another may begin in it. */
  discard(): void {
    for (const name of readdirSync(this.path)) {
      if (!name.startsWith(SESSION_LOCK)) rmSync(join(this.path, name), { recursive: true, force: true });
    }
  }

  /** Whether there is a run's directory at `path`. */
  static exists(path: string): boolean {
    return existsSync(join(path, 'run.json'));
  }

  /**
   * What the directory of a run says of itself: the run's id, and what it learns where that is no environment.
   *
   * @throws RunDirectoryError when it is no run, or one of a newer Qfleet.
   */
  static about(path: string): {
    readonly run: string;
    readonly task: string | null;
    readonly module?: string;
  } {
    const absolute = resolve(path);
    const file = join(absolute, 'run.json');
    if (!existsSync(absolute)) throw new RunDirectoryError(`There is no directory ${path}.`);
    if (!existsSync(file)) {
      throw new RunDirectoryError(
        `${path} is no run directory: it has no run.json, which qfleet train writes.`,
      );
    }
    const { run, task = null, module, format: written } = readJson(file, runFileSchema);
    if (written > format) {
      throw new RunDirectoryError(
        `${path} was written by a newer Qfleet (layout ${written}, this one reads up to ${format}): update Qfleet.`,
      );
    }
    return { run, task, ...(module === undefined ? {} : { module }) };
  }

  /**
   * Opens the directory of a run that exists; `runs/latest` will do.
   *
   * @throws RunDirectoryError when it is no run, or one of a newer Qfleet; ConfigError when its configuration is not valid.
   */
  static open(path: string): RunDirectory {
    const absolute = resolve(path);
    const about = RunDirectory.about(path);
    if (about.task !== null) {
      throw new RunDirectoryError(
        `${path} is a run of ${about.task}, which has no environment: only qfleet resume and export take such a run.`,
      );
    }
    const config = loadRunConfig({ file: join(absolute, 'config.yaml') });
    return new RunDirectory(absolute, about.run, withFoundModule(config, absolute, about.module));
  }

  /**
   * The same directory with another configuration, which `config.yaml` holds from then on.
   *
   * @param row how training stood when it changed: the metrics get it, with the changes.
   * @throws LockedError when a living process trains into it.
   */
  async change(config: RunConfig, row: MetricsRow, changes: readonly Change[]): Promise<RunDirectory> {
    await this.lock();
    try {
      this.#writeConfig(config);
      // As JSON has it: what is not there is left out.
      this.appendMetrics({ ...row, changes: JSON.parse(JSON.stringify(changes)) });
    } finally {
      this.unlock();
    }
    return new RunDirectory(this.path, this.run, config);
  }

  get checkpoints(): string {
    return join(this.path, 'checkpoints');
  }

  /**
   * Claims a run's directory for one command that starts, resumes or changes the run, before there is anything in it.
   *
   * @throws LockedError when another command has claimed it; RunDirectoryError when it cannot be written.
   */
  static async claim(path: string, options: Omit<LockOptions, 'what'> = {}): Promise<Lock> {
    const absolute = resolve(path);
    try {
      makeFolders(absolute);
      return await takeLock(join(absolute, SESSION_LOCK), { ...options, what: path });
    } catch (error) {
      if (error instanceof StorageError && !error.isFull) throw new RunDirectoryError(error.message);
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      throw new RunDirectoryError(`${path} cannot be made a run directory (${code}): choose another.`);
    }
  }

  /** Who runs the run of a directory, or ran it last and did not end in order, as far as can be seen; null: nobody. */
  static session(path: string): (Pick<Holder, 'pid' | 'host'> & { life: Life }) | null {
    const holder = holderOf(join(resolve(path), SESSION_LOCK));
    return holder && { pid: holder.pid, host: holder.host, life: lifeOf(holder) };
  }

  /**
   * Claims the directory for this process until `unlock`, so that nobody else trains into it. What a dead process left
   * is taken over.
   *
   * @throws LockedError when a living process holds it.
   */
  async lock(options: Pick<LockOptions, 'fence' | 'onWait' | 'signal'> = {}): Promise<void> {
    this.#lock ??= await takeLock(join(this.path, 'lock'), { ...options, what: this.path });
  }

  unlock(): void {
    this.#lock?.release();
    this.#lock = null;
  }

  [Symbol.dispose](): void {
    this.unlock();
  }

  /** Only the holder of the lock may call it. */
  appendMetrics(row: MetricsRow): void {
    this.#metrics.append(row);
    this.#events?.append(row);
  }

  /** All rows, in the order they were written; a line that a crash or a full disk cut short is left out. */
  readMetrics(): MetricsRow[] {
    return this.#metrics.read();
  }

  /** Clears lines that were cut short, and gives their number. Only the holder of the lock may call it. */
  mendMetrics(): number {
    return this.#metrics.mend();
  }

  /** Removes the metrics of later updates than those that training goes on from: they come again. */
  keepMetricsUpTo(updates: number): void {
    this.#metrics.keepUpTo(updates);
  }

  writeSummary(summary: RunSummary): void {
    this.#writeJson('summary.json', runSummarySchema.parse(summary));
  }

  /** Null: the run has not ended yet. */
  readSummary(): RunSummary | null {
    const file = join(this.path, 'summary.json');
    return existsSync(file) ? readJson(file, runSummarySchema) : null;
  }

  /**
   * Draws `curve.svg` from the metrics. Takes some tenths of a second, most of it to load the library.
   *
   * @returns its path; null: no episode has ended yet.
   */
  async drawCurve(): Promise<string | null> {
    const rows = this.readMetrics();
    if (!rows.some(({ meanReturn, evaluation }) => meanReturn !== null || evaluation !== undefined))
      return null;
    const { drawCurve } = await import('./curve.ts');
    const { environment, seed, stop } = this.config;
    const file = join(this.path, 'curve.svg');
    const title = `${environment.id}, seed ${seed}`;
    writeFileAtomically(file, await drawCurve(rows, { title, solvedReturn: stop.solvedReturn }));
    return file;
  }

  /** Writes `config.yaml`, in which the run's own copy of a model has a path that stays right where the directory moves. */
  #writeConfig(config: RunConfig): void {
    const isOwn = beginsWithModel(config) && resolve(config.agent.network.directory) === modelPath(this.path);
    const network = isOwn ? { ...config.agent.network, directory: MODEL } : null;
    const written = network === null ? config : { ...config, agent: { ...config.agent, network } };
    writeFileAtomically(join(this.path, 'config.yaml'), toYaml(written as RunConfig));
  }

  #writeJson(name: string, value: unknown): void {
    writeFileAtomically(join(this.path, name), `${JSON.stringify(value, null, 2)}\n`);
  }
}

/** The configuration with the environment's module where it is now: it may have moved together with the run directory. */
function withFoundModule(config: RunConfig, directory: string, fromHere: string | undefined): RunConfig {
  const { module } = config.environment;
  if (module === undefined || fromHere === undefined || existsSync(module)) return config;
  const moved = resolve(directory, fromHere);
  return existsSync(moved) ? { ...config, environment: { ...config.environment, module: moved } } : config;
}

/** Where a run in `path` keeps the language model that its agent began with. */
export const modelPath = (path: string): string => join(resolve(path), MODEL);

/** As `mkdir -p`. Node's own never ends on a file system where nothing can be made, such as /proc. */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** `runs/<name>-<date>-<time>-<id>`, in UTC: sorts by time. */
export function defaultRunPath(name: string, id: string, now = new Date()): string {
  const [date, time] = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  return join('runs', `${name.replaceAll('/', '-')}-${date}-${time}-${id}`);
}

/** Lets `latest`, beside a run directory, point at it. Where links are not allowed there is none. */
export function markLatest(path: string): void {
  const link = join(dirname(resolve(path)), 'latest');
  const draft = `${link}.${process.pid}.tmp`;
  try {
    symlinkSync(basename(path), draft);
    renameSync(draft, link);
  } catch {
    rmSync(draft, { force: true });
  }
}

function readJson<T>(file: string, schema: z.ZodType<T>): T {
  const text = readTextFile(file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RunDirectoryError(`${file} is not JSON: it was cut short or edited.`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new RunDirectoryError(
    `${file} is not what Qfleet writes: ${issue.path.join('.')}: ${issue.message}.`,
  );
}
