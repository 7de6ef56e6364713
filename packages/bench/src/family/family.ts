import { actionMethods } from '@qfleet/config';
import { openTask } from '@qfleet/rollout';
import { type ContestantCommand, ownChild } from '../contest/contestant.ts';
import { compare, median, medianRatio, type Rounds } from '../contest/rounds.ts';
import { programBeside } from '../program-beside.ts';
import type { BenchRow } from '../row.ts';
import type { ActingChildOptions } from './acting-child.ts';
import {
  type FamilyNetwork,
  type FamilyRunConfig,
  familyHeads,
  familyNetworks,
  methodOn,
  rowsOf,
  rowsOverride,
} from './cases.ts';
import type { FamilyPeer } from './torch.ts';
import type { UpdateChildOptions } from './update-child.ts';

/** What is measured, and for how long. */
export interface FamilyScope {
  readonly methods: readonly string[];
  readonly networks: readonly FamilyNetwork[];
  /** Rows of a policy's vector; none: policies are not measured. */
  readonly acting: readonly number[];
  /** Milliseconds of measuring a figure, and the turns that they are cut into. */
  readonly milliseconds: number;
  readonly turns: number;
}

const WHOLE: FamilyScope = {
  methods: actionMethods(),
  networks: familyNetworks,
  acting: [16],
  milliseconds: 2_000,
  turns: 5,
};

/** Rows of the batches that all methods are measured on, beside their own. */
const ROWS = 32;

/** What is to be reached on one core: at most 0.35 of PyTorch's time, or half where levels are drawn or steps remembered. */
const GOALS = { scalar: 1 / 0.35, sampled: 2 };

/** One core for each contestant: TensorFlow's executor for the calling thread, and one thread for what the peer uses. */
const ONE_CORE = {
  TF_NUM_INTRAOP_THREADS: '1',
  TF_NUM_INTEROP_THREADS: '-1',
  OMP_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
};

/**
 * Updates of every method's update, and rows that a policy with each head acts on, a second of processor time on one core:
 * what else the machine does counts little. Held in turns against a peer where one is given.
 */
export async function benchFamily(
  peer: FamilyPeer | null = null,
  scope: Partial<FamilyScope> = {},
): Promise<BenchRow[]> {
  const { methods, networks, acting, milliseconds, turns } = { ...WHOLE, ...scope };
  const measured = (commands: Readonly<Record<string, ContestantCommand>>): Promise<Rounds> =>
    compare(
      Object.fromEntries(
        Object.entries(commands).map(([name, command]) => [name, { ...command, environment: ONE_CORE }]),
      ),
      milliseconds,
      turns,
    );
  const rows: BenchRow[] = [];
  for (const network of networks) {
    for (const method of methods) {
      for (const overrides of batchesOf(method, network)) {
        const config = methodOn(method, network.environment, overrides);
        const { layout } = await openTask(config);
        const options: UpdateChildOptions = { method, environment: network.environment, overrides };
        const figures = await measured({
          [OURS]: ownChild(programBeside('update-child', import.meta.url), options),
          ...peer?.({ agent: config.agent, spec: layout }),
        });
        const name = `${method}, ${network.name}, ${rowsName(config)}`;
        rows.push(...ratesOf(name, 'updates/s', figures, goalOf(config)));
      }
    }
    const config = methodOn('dqn', network.environment);
    const { layout } = await openTask(config);
    if (config.agent.kind !== 'dqn') continue;
    for (const count of acting) {
      for (const [head, agent] of Object.entries(familyHeads(config.agent.network))) {
        const options: ActingChildOptions = { agent, spec: layout, rows: count };
        const figures = await measured({
          [OURS]: ownChild(programBeside('acting-child', import.meta.url), options),
          ...peer?.(options),
        });
        rows.push(...ratesOf(`acting, ${head}, ${network.name}, ${count} rows`, 'rows/s', figures));
      }
    }
  }
  return rows;
}

/** The name of our contestant. */
const OURS = 'ours';

/** Overrides for each batch size of a method: 32 rows, and its own where that is another. */
function batchesOf(method: string, { environment }: FamilyNetwork): string[][] {
  const config = methodOn(method, environment);
  const override = rowsOf(config) === ROWS ? null : rowsOverride(config, ROWS);
  return override === null ? [[]] : [[override], []];
}

const rowsName = (config: FamilyRunConfig): string =>
  `batch ${rowsOf(config)}${config.agent.kind === 'dqn' && config.agent.sequence !== null ? ' sequences' : ''}`;

function goalOf({ agent }: FamilyRunConfig): number {
  const isSampled =
    agent.network.core.kind === 'lstm' || (agent.kind === 'dqn' && agent.objective.kind === 'iqn');
  return isSampled ? GOALS.sampled : GOALS.scalar;
}

/** Operations a second of ours, beside each reference that started; alone where there is none. */
function ratesOf(name: string, unit: string, figures: Rounds, goal?: number): BenchRow[] {
  const own = figures.get(OURS)!;
  const value = 1e6 / median(own);
  const others = [...figures].filter(([contestant]) => contestant !== OURS);
  if (others.length === 0) return [{ name, value, unit, reference: null, referenceValue: null, ratio: null }];
  return others.map(([reference, other]) => ({
    ...{ name, value, unit, reference },
    referenceValue: 1e6 / median(other),
    ratio: medianRatio(own, other),
    ...(goal === undefined ? {} : { goal }),
  }));
}
