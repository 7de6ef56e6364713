import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Cell, describeCell, isAlone, type Pace } from './cell.ts';
import type { Result } from './results.ts';

/** Cells that run at a time: each keeps about one core busy, but those that need the machine to themselves. */
const LANES = Math.min(2, availableParallelism());

/** Seconds that a cell takes beside its training: to start, and to play its last episodes. */
const BESIDE = 6;

const lanesOf = (cell: Cell, all: number): number => (isAlone(cell) ? all : 1);

/**
 * Runs cells in their order: two at a time, but those alone that need the machine to themselves.
 * @param onResult told of each as soon as it is there.
 * @returns the cells that failed; the others go on.
 */
export async function runCells(
  cells: readonly Cell[],
  pace: Pace,
  onResult: (cell: Cell, result: Result) => void,
): Promise<Cell[]> {
  const failed: Cell[] = [];
  const running = new Set<Promise<void>>();
  let free = LANES;
  for (const cell of cells) {
    const lanes = lanesOf(cell, LANES);
    while (free < lanes) await Promise.race(running);
    free -= lanes;
    const work = runCell(cell, pace)
      .then((result) => onResult(cell, result))
      .catch((error: Error) => {
        console.error(`${describeCell(cell)}: ${error.message}`);
        failed.push(cell);
      })
      .finally(() => {
        free += lanes;
        running.delete(work);
      });
    running.add(work);
  }
  await Promise.all(running);
  return failed;
}

/**
 * The seconds that cells take in their order, if each takes what it is planned to take.
 * @param atOnce cells that run at a time. Default: as many as on this machine.
 */
export function plannedSeconds(cells: readonly Cell[], { seconds }: Pace, atOnce = LANES): number {
  const lanes = Array<number>(atOnce).fill(0);
  for (const cell of cells) {
    const planned = cell.kind === 'fixed' ? 0 : (cell.seconds ?? 0) * seconds;
    const taken = lanes.sort((a, b) => a - b).slice(0, lanesOf(cell, atOnce));
    lanes.fill(Math.max(...taken) + planned + BESIDE, 0, taken.length);
  }
  return Math.max(...lanes);
}

function runCell(cell: Cell, pace: Pace): Promise<Result> {
  const main = fileURLToPath(new URL('./cell-main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, JSON.stringify(cell), JSON.stringify(pace)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [printed, said] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(JSON.parse(printed) as Result) : reject(new Error(`its process failed. ${said}`)),
    );
  });
}
