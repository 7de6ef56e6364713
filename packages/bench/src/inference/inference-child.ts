import { createPolicy } from '@qfleet/agents';
import { createNetwork, initialParameters, valuesHead } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import { stateDType, stateShape } from '@qfleet/spaces';
import { compile, loadTensor, loadWasm } from '@qfleet/tensor';
import { actingRows } from '../contest/acting-rows.ts';
import { dqnConfig, drawObservations, type LearnerCase } from '../contest/cases.ts';
import { answerMeasurements } from '../contest/contestant.ts';

/** What `inference-child` is told, as JSON in its one argument. */
export interface InferenceChildOptions {
  readonly learnerCase: LearnerCase;
  readonly rows: number;
  /** Our policy (forward pass, argmax and ε-greedy), or the forward pass alone on a runtime. */
  readonly runs: 'policy' | 'wasm' | 'library';
}

// A program: one contestant of `qfleet bench inference`, from typed arrays to typed arrays.
const { learnerCase, rows, runs } = JSON.parse(process.argv[2]) as InferenceChildOptions;
const { spec } = learnerCase;
const network = createNetwork(learnerCase.network, spec, valuesHead);
const parameters = initialParameters(network.parameters, new Random(0));
const random = new Random(2);
const observations = drawObservations(spec, rows, random);
await answerMeasurements(await (runs === 'policy' ? policyCall() : forwardCall()), 1);

async function policyCall(): Promise<() => void> {
  const config = dqnConfig({ network: learnerCase.network });
  const policy = await createPolicy({ config, spec });
  policy.load(parameters);
  const acting = actingRows(policy, observations, rows, random);
  return () => policy.act(acting);
}

async function forwardCall(): Promise<() => void> {
  const runtime = await (runs === 'wasm' ? loadWasm() : loadTensor({ parallelism: 'caller' }));
  const compiled = compile(
    runtime,
    (state, inputs) => ({
      outputs: network.forward(runtime.tf, state, { states: inputs['observations'] }).out,
    }),
    {
      state: parameters,
      inputs: { observations: { shape: [rows, ...stateShape(spec)], dtype: stateDType(spec) } },
    },
  );
  return () => void compiled.run({ observations });
}
