// Runs one cell in a process of its own, so that the CPU time of all that it starts is known: `cell-main.ts CELL PACE`,
// both in JSON. Prints its result as one line of JSON.
import { cpus } from 'node:os';
import { type Cell, configOf, keyOf, type Pace } from './cell.ts';
import { playFixed } from './fixed-policy.ts';
import type { Learned, Result } from './results.ts';
import { trainCell } from './train-cell.ts';
import { trainPeer } from './train-peer.ts';

/** Episodes by which weights are judged. */
const EPISODES = 100;

const cell = JSON.parse(process.argv[2]) as Cell;
const pace = JSON.parse(process.argv[3]) as Pace;
const config = configOf(cell, pace);

const learned = await learn();
const result: Result = {
  key: keyOf(cell, pace),
  preset: cell.preset,
  ...(cell.method === undefined ? {} : { method: cell.method }),
  environment: config.environment.id,
  seed: cell.seed,
  ...(cell.kind === 'trained' && cell.name !== undefined ? { name: cell.name } : {}),
  fixed: cell.kind === 'fixed' ? cell.name : null,
  ...(cell.kind === 'peer' ? { peer: cell.peer } : {}),
  ...learned,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  date: new Date().toISOString().slice(0, 10),
};
process.stdout.write(`${JSON.stringify(result)}\n`);

async function learn(): Promise<Learned> {
  if (cell.kind === 'trained') return trainCell(cell, pace, EPISODES);
  if (cell.kind === 'peer') return trainPeer(cell, pace, EPISODES);
  const judged = await playFixed(config, cell.action, EPISODES);
  return {
    ...{ frames: 0, updates: 0, wallSeconds: null, cpuSeconds: null },
    ...{ last: judged, best: judged, curve: [], versions: { node: process.versions.node } },
  };
}
