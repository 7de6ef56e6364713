import { createAgent } from '@qfleet/agents';
import { Random } from '@qfleet/random';
import type { TransitionBatch } from '@qfleet/replay';
import type { StateSpec } from '@qfleet/spaces';
import { dqnConfig, drawObservations, type LearnerCase, STEP } from '../contest/cases.ts';
import { answerMeasurements } from '../contest/contestant.ts';

/** What `learner-child` is told, as JSON in its one argument. */
export interface LearnerChildOptions {
  readonly learnerCase: LearnerCase;
  readonly updatesPerCall: number;
  readonly eager: boolean;
}

// A program: one contestant of `qfleet bench learner`. It measures `update`, from batches in typed arrays to TD errors
// in one.
const { learnerCase, updatesPerCall, eager } = JSON.parse(process.argv[2]) as LearnerChildOptions;
const { spec, network, batchSize } = learnerCase;
const config = dqnConfig({ ...STEP, network, batchSize, updatesPerCall });
const agent = await createAgent({ config, spec, seed: 0, totalUpdates: null, eager });
const batches = drawBatches(spec, batchSize, updatesPerCall);
const tdErrors = new Float32Array(batchSize * updatesPerCall);
await answerMeasurements(() => void agent.update(batches, tdErrors), updatesPerCall);
agent.dispose();

function drawBatches(spec: StateSpec, size: number, count: number): TransitionBatch[] {
  const random = new Random(0);
  const draw = (length: number) => Float32Array.from({ length }, () => random.normal());
  return Array.from({ length: count }, () => ({
    size,
    observations: drawObservations(spec, size, random),
    actions: Int32Array.from({ length: size }, () => random.integer(spec.actions)),
    returns: draw(size),
    discounts: new Float32Array(size).fill(0.99),
    nextObservations: drawObservations(spec, size, random),
    weights: new Float32Array(size).fill(1),
    columns: {},
    nextColumns: {},
    handles: new Int32Array(size),
  }));
}
