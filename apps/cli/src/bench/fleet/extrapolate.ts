import type { BenchRow } from '@qfleet/report';
import type { Costs } from './costs.ts';
import { CARTPOLE, FRAMES, type Load, premade } from './simulated.ts';

const ACTORS = 1_000;
/** The defaults of the configuration, and how often an actor can take weights up. */
const SAMPLES_PER_INSERT = 8;
const PUBLISH_EVERY = 100;
const TAKEN_UP_PER_SECOND = 20;
/** 10 Gbit/s. */
const NETWORK = 1.25e9;

/** What one learner sets the pace of: with 8 samples an insert it is what actors may push. */
interface Pace {
  readonly name: string;
  readonly load: Load;
  readonly updatesPerSecond: number;
  readonly batch: number;
  readonly parameters: number;
}

const PACES: readonly Pace[] = [
  { name: 'MLP', load: CARTPOLE, updatesPerSecond: 4_000, batch: 64, parameters: 17_410 },
  { name: 'Nature CNN', load: FRAMES, updatesPerSecond: 200, batch: 32, parameters: 1_687_206 },
];

/**
 * What 1,000 actors behind one learner take of one Redis: its one core, by what for, and a network of 10 Gbit/s. The largest
 * share is the first bottleneck. Costs were measured on 100 connections, and fall with more, as Redis then serves several
 * in a turn of its loop.
 */
export function extrapolate(costs: Costs): BenchRow[] {
  return PACES.flatMap(({ name, load, updatesPerSecond, batch, parameters }) => {
    const chunks = (updatesPerSecond * batch) / SAMPLES_PER_INSERT / load.chunkLength;
    const [[{ length: chunkBytes }]] = premade(load, 'a', 1);
    const bytes = chunks * chunkBytes;
    const versions = Math.min(updatesPerSecond / PUBLISH_EVERY, TAKEN_UP_PER_SECOND);
    const weights = ACTORS * versions * 4 * parameters;
    const cores = {
      'actors that are there': ACTORS * costs.presence,
      appends: chunks * costs.chunk + bytes * costs.chunkByte,
      'reads by the learner': chunks * costs.read + bytes * costs.readByte,
      'weights to actors': weights * costs.weightsByte,
    };
    const rows: BenchRow[] = [
      ...Object.entries(cores).map(([part, value]) => share(part, value, 'cores', 'one core of Redis', 1)),
      share('network out of Redis', (bytes + weights) / 1e9, 'GB/s', '10 Gbit/s', NETWORK / 1e9),
    ];
    const first = rows.reduce((a, b) => (a.ratio! < b.ratio! ? a : b));
    return rows.map((row) => ({
      ...row,
      name: `${ACTORS} actors, ${name}: ${row.name}${row === first ? ' (first bottleneck)' : ''}`,
    }));
  });
}

const share = (
  name: string,
  value: number,
  unit: string,
  reference: string,
  referenceValue: number,
): BenchRow => ({ name, value, unit, reference, referenceValue, ratio: referenceValue / value });
