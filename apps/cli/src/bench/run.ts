import type { Peer } from '@qfleet/agents';
import type { BenchRow } from '@qfleet/report';
import { print, printJson, style, table } from '../terminal/output.ts';
import { describeMachine, type Machine } from './machine.ts';

/** What can be measured. */
export type BenchName = 'learner' | 'inference' | 'envs' | 'replay' | 'fleet';

const measure: Record<BenchName, (peer: boolean) => Promise<readonly BenchRow[]>> = {
  learner: async (peer) => (await import('@qfleet/agents')).benchLearner(await torchIf(peer)),
  inference: async (peer) => (await import('@qfleet/agents')).benchInference(await torchIf(peer)),
  envs: async () => (await import('@qfleet/envs')).benchEnvs(),
  fleet: async () => (await import('./fleet/fleet.ts')).benchFleet(),
  replay: async (peer) => (await import('./replay.ts')).benchReplayHere(peer),
};

const torchIf = async (peer: boolean): Promise<Peer | null> =>
  peer ? (await import('./torch.ts')).torchPeer() : null;

/** Measures and prints: a table, or the one document of `--json`. */
export async function runBench(name: BenchName, json: boolean, peer: boolean): Promise<void> {
  const machine = describeMachine();
  const rows = await measure[name](peer);
  if (json) return printJson({ bench: name, machine, rows });
  await print(`${machineLine(machine)}\n\n${benchTable(rows)}`);
}

const machineLine = (machine: Machine): string =>
  `${machine.cpu}, ${machine.cores} cores, ${(machine.memoryBytes / 2 ** 30).toFixed(0)} GiB, ` +
  `${machine.platform}, Node ${machine.node}`;

const figure = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 });

/** Whether the goal is reached, where there is one. */
function goalOf({ ratio, goal }: BenchRow): string {
  if (goal === undefined || ratio === null) return '';
  return ratio >= goal ? ` (reaches ${goal})` : ` (MISSES ${goal})`;
}

function benchTable(rows: readonly BenchRow[]): string {
  const cells = rows.map((row) => [
    row.name,
    figure(row.value),
    row.unit,
    row.ratio === null ? '' : `× ${figure(row.ratio)}${goalOf(row)}`,
    row.reference === null ? '' : `${row.reference}: ${figure(row.referenceValue ?? Number.NaN)}`,
  ]);
  const head = ['', 'value', 'unit', 'ratio', 'held against'].map((title) => style('dim', title));
  return table([head, ...cells], [1, 3]);
}
