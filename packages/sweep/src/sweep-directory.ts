import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadRunConfig, parseAs, type RunConfig, toYaml } from '@qfleet/config';
import { writeFileAtomically } from '@qfleet/report';
import { nanoid } from 'nanoid';
import { z } from 'zod';
import { definitionSchema } from './definition.ts';
import { SweepError } from './errors.ts';
import { type Plan, planSweep } from './plan.ts';
import { type CellResult, type Job, keyOf, type Results, resultSchema } from './results.ts';

/** The version of the layout below. */
const FORMAT = 1;

const fileSchema = z.object({
  format: z.literal(FORMAT),
  sweep: z.string().min(1).describe('names its keys on Redis'),
  createdAt: z.string(),
  definition: definitionSchema,
});

/**
 * The directory that holds all there is to know of a sweep, and from which it goes on after any kill:
 *
 *     sweep.json           what was asked for
 *     base.yaml            the configuration from which the cells differ
 *     cells/CELL.yaml      the configuration of a cell
 *     cells/CELL/          its run directory
 *     logs/CELL.log        what its process said
 *     results/CELL.RUNG.json
 *     results.csv          the table
 *     best.yaml            the configuration of the best setting, once the sweep is finished
 */
export class SweepDirectory {
  /** Absolute. */
  readonly path: string;
  /** The sweep's id, which names its keys on Redis. */
  readonly sweep: string;
  readonly plan: Plan;

  private constructor(path: string, sweep: string, plan: Plan) {
    this.path = path;
    this.sweep = sweep;
    this.plan = plan;
  }

  static exists(path: string): boolean {
    return existsSync(join(path, 'sweep.json'));
  }

  /**
   * Makes the directory of a new sweep.
   * @throws SweepError where something else is there, or it can't be made.
   */
  static create(path: string, plan: Plan): SweepDirectory {
    const absolute = resolve(path);
    try {
      mkdirSync(absolute, { recursive: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new SweepError(
        `${path} cannot be made a sweep's directory (${code}): choose another with --dir.`,
      );
    }
    // What a command leaves that is killed before there is a sweep.
    const others = readdirSync(absolute).filter(
      (name) => !/^(base\.yaml|sweep\.json|session\.lock)/.test(name),
    );
    if (others.length > 0) {
      throw new SweepError(`${path} is not empty and holds no sweep: choose another with --dir.`);
    }
    const sweep = nanoid(12);
    const createdAt = new Date().toISOString();
    writeFileAtomically(join(absolute, 'base.yaml'), toYaml(plan.base));
    // Last: with this file the directory is a sweep.
    writeFileAtomically(
      join(absolute, 'sweep.json'),
      json({ format: FORMAT, sweep, createdAt, definition: plan.definition }),
    );
    return new SweepDirectory(absolute, sweep, plan);
  }

  /** @throws SweepError where there is no sweep, or not a whole one. */
  static open(path: string): SweepDirectory {
    const absolute = resolve(path);
    if (!SweepDirectory.exists(absolute)) {
      throw new SweepError(
        `${path} is no sweep's directory: it has no sweep.json, which qfleet sweep writes.`,
      );
    }
    const { sweep, definition } = read(join(absolute, 'sweep.json'), fileSchema);
    const base = loadRunConfig({ file: join(absolute, 'base.yaml') });
    const parsed = parseAs(definitionSchema, { value: definition, place: () => '' });
    return new SweepDirectory(absolute, sweep, planSweep(parsed, base));
  }

  runPath(cell: string): string {
    return join(this.path, 'cells', cell);
  }

  logPath(cell: string): string {
    mkdirSync(join(this.path, 'logs'), { recursive: true });
    return join(this.path, 'logs', `${cell}.log`);
  }

  /** Writes the configuration of a cell to a file of its own. */
  writeConfig(cell: string, config: RunConfig): string {
    mkdirSync(join(this.path, 'cells'), { recursive: true });
    const file = join(this.path, 'cells', `${cell}.yaml`);
    writeFileAtomically(file, toYaml(config));
    return file;
  }

  hasResult(job: Job): boolean {
    return existsSync(this.#resultFile(job));
  }

  writeResult(result: CellResult): void {
    mkdirSync(join(this.path, 'results'), { recursive: true });
    writeFileAtomically(this.#resultFile(result), json(result));
  }

  /** Forgets what failed, so that it is trained again. */
  removeFailures(): void {
    for (const result of this.readResults().values()) {
      if (result.failure !== null) rmSync(this.#resultFile(result));
    }
  }

  /** The results of the plan's cells that are there. */
  readResults(known: Results = new Map()): Map<string, CellResult> {
    const folder = join(this.path, 'results');
    if (!existsSync(folder)) return new Map();
    const keys = readdirSync(folder).flatMap((name) => /^(\w+\.\d+)\.json$/.exec(name)?.[1] ?? []);
    return new Map(
      keys.map((key) => [key, known.get(key) ?? read(join(folder, `${key}.json`), resultSchema)]),
    );
  }

  #resultFile(job: Job): string {
    return join(this.path, 'results', `${keyOf(job)}.json`);
  }
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

function read<T>(file: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    throw new SweepError(`${file} is not what this Qfleet writes: it was edited, or is of another version.`);
  }
}
