import { createAgent, createRoundAgent, makeRound, type Round } from '@qfleet/agents';
import type { PqnConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import { type Batch, type Layout, makeBatch, type SampleUnit } from '@qfleet/replay';
import { openTask } from '@qfleet/rollout';
import { drawObservations } from '../contest/cases.ts';
import { answerMeasurements, processorTime } from '../contest/contestant.ts';
import { methodOn } from './cases.ts';

/** What `update-child` is told, as JSON in its one argument. */
export interface UpdateChildOptions {
  readonly method: string;
  /** The id of a native environment. */
  readonly environment: string;
  /** As of `--set`. */
  readonly overrides: readonly string[];
}

// A program: one contestant of `qfleet bench family`. It measures a method's `update`, typed arrays in and out: on a batch, or
// of PQN on a round.
const { method, environment, overrides } = JSON.parse(process.argv[2]) as UpdateChildOptions;
const config = methodOn(method, environment, overrides);
const { layout } = await openTask(config);
const random = new Random(0);
const draw = (into: Float32Array): void => into.set(into.map(() => random.normal()));
const drawActions = (into: Int32Array): void => into.set(into.map(() => random.integer(layout.actions)));
const setting = { spec: layout, seed: 0, totalUpdates: 1_000_000 };
if (config.agent.kind === 'pqn') {
  const { agent: pqn } = config;
  const agent = await createRoundAgent({ ...setting, config: pqn });
  const round = drawRound(pqn, layout);
  await answerMeasurements(() => void agent.update(round), agent.batchesPerUpdate, { clock: processorTime });
} else {
  const { batchSize } = config.agent;
  const agent = await createAgent({ ...setting, config: config.agent });
  const { batchesPerUpdate: count, unit } = agent;
  const batches = Array.from({ length: count }, () => drawBatch(unit, batchSize, layout));
  const priorities = new Float32Array(batchSize * count);
  await answerMeasurements(() => void agent.update(batches, priorities), count, { clock: processorTime });
}

function drawBatch(unit: SampleUnit, rows: number, of: Layout): Batch {
  const batch = makeBatch(unit, rows, of) as Batch & Readonly<Record<string, Float32Array>>;
  const states = unit.kind === 'sequence' ? rows * (unit.burnIn + unit.length + 1) : rows;
  for (const name of ['observations', 'nextObservations']) {
    batch[name]?.set(drawObservations(of, states, random));
  }
  for (const name of ['rewards', 'returns']) if (name in batch) draw(batch[name]);
  drawActions(batch['actions'] as unknown as Int32Array);
  batch['discounts'].fill(0.99);
  batch['valid']?.fill(1);
  for (const column of Object.values(batch['columns'])) draw(column as unknown as Float32Array);
  return batch;
}

function drawRound({ copies, steps }: PqnConfig, of: Layout): Round {
  const round = makeRound(of, copies, steps);
  round.observations.set(drawObservations(of, copies * steps, random));
  drawActions(round.actions);
  draw(round.rewards);
  draw(round.nextValues);
  return round;
}
