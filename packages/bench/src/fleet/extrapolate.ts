import { type BenchRow, benchRow } from '../row.ts';
import type { Costs } from './costs.ts';
import { CARTPOLE, FRAMES, type Load, premade } from './simulated.ts';

const ACTORS = 1_000;
/** The defaults of the configuration, and how often an actor can take weights up. */
const SAMPLES_PER_INSERT = 8;
const PUBLISH_EVERY = 100;
const TAKEN_UP_PER_SECOND = 20;
/** 10 Gbit/s. */
const NETWORK = 1.25e9;

/** How fast actors may push, since the learner sets the pace: with 8 samples an insert. */
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
 * What 1,000 actors behind one learner take of Redis and of a network of 10 Gbit/s, by purpose. The largest share is
 * the first bottleneck; then come how many actors would meet it, and the load of the busiest of several servers, the
 * run's own, which carries all the rest. Costs were measured on 100 connections, and fall with more, since Redis then
 * serves several in one turn of its loop.
 */
export function extrapolate(costs: Costs, shards: readonly number[]): BenchRow[] {
  return PACES.flatMap(({ name, load, updatesPerSecond, batch, parameters }) => {
    const chunks = (updatesPerSecond * batch) / SAMPLES_PER_INSERT / load.chunkLength;
    const [[{ length: chunkBytes }]] = premade(load, 'a', 1);
    const bytes = chunks * chunkBytes;
    const versions = Math.min(updatesPerSecond / PUBLISH_EVERY, TAKEN_UP_PER_SECOND);
    const weights = ACTORS * versions * 4 * parameters;
    const replay = {
      appends: chunks * costs.chunk + bytes * costs.chunkByte,
      'reads by the learner': chunks * costs.read + bytes * costs.readByte,
    };
    const actors = {
      'actors that are there': ACTORS * costs.presence,
      'waiting for weights': ACTORS * costs.weights.waiting,
      'weights to actors': ACTORS * versions * costs.weights.version + weights * costs.weights.byte,
    };
    const sum = (parts: Readonly<Record<string, number>>): number =>
      Object.values(parts).reduce((total, part) => total + part, 0);
    const core = (part: string, value: number): BenchRow =>
      benchRow(part, value, 'cores', 'one core of Redis', 1, -1);
    const out = (bytes + weights) / 1e9;
    const rows = [
      ...Object.entries({ ...replay, ...actors }).map(([part, value]) => core(part, value)),
      benchRow('network out of Redis', out, 'GB/s', '10 Gbit/s', NETWORK / 1e9, -1),
    ];
    const first = rows.reduce((a, b) => (a.ratio! < b.ratio! ? a : b));
    // Costs that grow with the actors. Experience does not: the learner bounds it.
    const most = Math.min((1 - sum(replay)) / sum(actors), (NETWORK - bytes) / weights);
    return [
      ...rows.map((row) => (row === first ? { ...row, name: `${row.name} (first bottleneck)` } : row)),
      ...shards.map((count) => core(`busiest Redis of ${count}`, sum(actors) + sum(replay) / count)),
      benchRow('memory for connections', (ACTORS * costs.connectionBytes) / 1e6, 'MB'),
      benchRow('as many as Redis and the network carry', Math.floor(ACTORS * most), 'actors'),
    ].map((row) => ({ ...row, name: `${ACTORS} actors, ${name}: ${row.name}` }));
  });
}
