import { agentParameters, createPolicy } from '@qfleet/agents';
import type { DqnConfig } from '@qfleet/config';
import { Random } from '@qfleet/random';
import { elementsOf, type StateSpec } from '@qfleet/spaces';
import { actingRows } from '../contest/acting-rows.ts';
import { drawObservations } from '../contest/cases.ts';
import { answerMeasurements, processorTime } from '../contest/contestant.ts';

/** What `acting-child` is told, as JSON in its one argument. */
export interface ActingChildOptions {
  readonly agent: DqnConfig;
  readonly spec: StateSpec;
  readonly rows: number;
}

// A program: one contestant of `qfleet bench family`. It measures a row of a policy's `act`: forward pass, argmax and ε-greedy,
// typed arrays in and out.
const { agent: config, spec, rows } = JSON.parse(process.argv[2]) as ActingChildOptions;
const random = new Random(0);
const policy = await createPolicy({ config, spec });
policy.load(
  new Map(
    agentParameters({ config, spec }).map(({ name, shape }) => {
      const size = elementsOf(shape);
      // Weights of this size keep the size of activations.
      const deviation = 1 / Math.sqrt(size / (shape.at(-1) ?? 1));
      return [name, { shape, data: Float32Array.from({ length: size }, () => deviation * random.normal()) }];
    }),
  ),
);
const acting = actingRows(policy, drawObservations(spec, rows, random), rows, random);
await answerMeasurements(() => policy.act(acting), rows, { clock: processorTime });
