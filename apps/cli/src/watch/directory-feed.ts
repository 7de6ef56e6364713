import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { CheckpointEntry, CurvePoint, Standing } from '@qfleet/browser';
import { RunDirectory } from '@qfleet/report';
import { encodeTensors } from '@qfleet/tensor';
import { CheckpointError, listCheckpoints, readCheckpoint } from '@qfleet/training';
import { type Feed, thinned } from './feed.ts';

const BEST = 'best';
/** What checkpoints are called: nothing else is looked for. */
const NAME = /^(?:\d+|best)$/;

/** A run from its directory. */
export class DirectoryFeed implements Feed {
  readonly #directory: RunDirectory;
  /** The curve as it was read last, and the size of the file then. */
  #curve: { readonly size: number; readonly points: CurvePoint[]; readonly updates: number } = {
    size: -1,
    points: [],
    updates: 0,
  };

  constructor(directory: RunDirectory) {
    this.#directory = directory;
  }

  async read(): Promise<Standing> {
    const checkpoints = await this.#checkpoints();
    await this.#readCurve();
    const { points, updates } = this.#curve;
    return {
      phase: this.isTrained() ? 'training' : 'ended',
      updates: Math.max(updates, ...checkpoints.map((each) => each.updates)),
      steps: points.at(-1)?.steps ?? 0,
      checkpoints,
      curve: thinned(points),
    };
  }

  /** Whether a living process trains into it. */
  isTrained(): boolean {
    return RunDirectory.session(this.#directory.path)?.life === 'living';
  }

  /** Only names that `read` told: nothing else of the disk is reached. */
  async weights(name: string): Promise<Uint8Array | null> {
    if (!NAME.test(name)) throw new CheckpointError(`There is no checkpoint ${name}: choose another.`);
    const isKept = async (): Promise<boolean> =>
      (await this.#checkpoints()).some((each) => each.name === name);
    if (!(await isKept())) return null;
    try {
      const path = join(this.#directory.checkpoints, `${name}.safetensors`);
      return encodeTensors((await readCheckpoint(path)).parameters);
    } catch (error) {
      // The learner may have removed it since.
      if (!(await isKept())) return null;
      throw error;
    }
  }

  async close(): Promise<void> {}

  async #checkpoints(): Promise<CheckpointEntry[]> {
    const numbered = (await listCheckpoints(this.#directory.checkpoints)).map((path) => {
      const name = basename(path, '.safetensors');
      const updates = Number(name);
      return { name, label: `${updates.toLocaleString('en')} updates`, updates };
    });
    const best = await this.#best();
    return best === null ? numbered : [best, ...numbered];
  }

  async #best(): Promise<CheckpointEntry | null> {
    try {
      await stat(join(this.#directory.checkpoints, `${BEST}.safetensors`));
      const text = await readFile(join(this.#directory.checkpoints, `${BEST}.json`), 'utf8');
      const { updates, mean } = JSON.parse(text) as Record<string, unknown>;
      if (typeof updates !== 'number' || typeof mean !== 'number') return null;
      const label = `best (${updates.toLocaleString('en')} updates, return ${Number(mean.toPrecision(4))})`;
      return { name: BEST, label, updates };
    } catch {
      return null;
    }
  }

  async #readCurve(): Promise<void> {
    const { size } = await stat(join(this.#directory.path, 'metrics.jsonl')).catch(() => ({ size: 0 }));
    if (size === this.#curve.size) return;
    const rows = this.#directory.readMetrics();
    const points = rows.map(({ steps, updates, meanReturn, evaluation }) => ({
      ...{ steps, updates },
      meanReturn,
      evaluation: evaluation?.mean ?? null,
    }));
    this.#curve = { size, points, updates: rows.at(-1)?.updates ?? 0 };
  }
}
