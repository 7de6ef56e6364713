import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Cell, describeCell, type Pace } from './cell.ts';
import type { Result } from './results.ts';

/** Cells that train in one process at a time: each keeps about one core busy. */
const SIDE_BY_SIDE = Math.min(2, availableParallelism());

/**
 * Runs cells: first those that take one core, two at a time, then those of fleets, each with the machine to itself.
 * @param onResult told of each as soon as it is there.
 * @returns the cells that failed; the others go on.
 */
export async function runCells(
  cells: readonly Cell[],
  pace: Pace,
  onResult: (result: Result) => void,
): Promise<Cell[]> {
  const failed: Cell[] = [];
  const work = async (waiting: Cell[]): Promise<void> => {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      try {
        onResult(await runCell(cell, pace));
      } catch (error) {
        console.error(`${describeCell(cell)}: ${(error as Error).message}`);
        failed.push(cell);
      }
    }
  };
  const isAlone = (cell: Cell): boolean => cell.kind === 'trained' && cell.fleet === true;
  const shared = cells.filter((cell) => !isAlone(cell));
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => work(shared)));
  await work(cells.filter(isAlone));
  return failed;
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
