import { forward, initialParameters } from '@qfleet/networks';
import { Random } from '@qfleet/random';
import type { Layout } from '@qfleet/replay';
import { compile, loadTensor, loadWasm, type Runtime } from '@qfleet/tensor';
import { createNetworkPolicy } from '../dqn/policy.ts';
import { dqnConfig } from './configs.ts';
import { type BenchRow, microseconds } from './timing.ts';

const layout: Layout = { observationShape: [4], observationDType: 'float32', actions: 2 };
const { network } = dqnConfig({ network: { kind: 'mlp', hidden: [128, 128] } });
const parameters = initialParameters(network, layout, new Random(0));
const sizes = [1, 16, 64, 256, 1024];

/** µs a forward pass in PyTorch's inference_mode, recorded on a 2-core CPU (not in this run). */
const pytorch: Readonly<Record<number, number>> = { 1: 25, 16: 33, 64: 52, 256: 130 };

/**
 * Microseconds of a policy's `act` on a vector of environments: forward pass, argmax and ε-greedy, typed arrays in
 * and out. Held against the forward pass alone on each tfjs runtime that is here, in the same run, and on PyTorch.
 *
 * @param milliseconds of measuring a figure.
 */
export async function benchInference(milliseconds = 500): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const row = (size: number, value: number, reference: string, referenceValue: number) =>
    rows.push({
      name: `policy, MLP 4-128-128-2, ${size} ${size === 1 ? 'row' : 'rows'}`,
      value,
      unit: 'µs',
      reference,
      referenceValue,
      ratio: referenceValue / value,
    });

  const ours = new Map<number, number>();
  // WASM first: the runtime that is loaded last stays tfjs's backend.
  const wasm = await loadWasm();
  for (const runtime of [wasm, await loadTensor()]) {
    if (runtime !== wasm && runtime.kind === 'wasm') continue;
    runtime.tf.setBackend(runtime.kind === 'wasm' ? 'wasm' : 'tensorflow');
    for (const size of sizes) {
      const times = microseconds({ act: actOf(size), peer: forwardOf(runtime, size) }, milliseconds);
      ours.set(size, times.act);
      row(size, times.act, `forward on ${runtime.version}`, times.peer);
    }
  }
  for (const [size, value] of ours) {
    if (size in pytorch) row(size, value, 'forward in PyTorch inference_mode (recorded)', pytorch[size]);
  }
  return rows;
}

function actOf(rows: number): () => void {
  const policy = createNetworkPolicy(network, layout);
  policy.load(parameters);
  const random = new Random(1);
  const observations = observationsOf(rows);
  const epsilons = new Float32Array(rows).fill(0.05);
  const actions = new Int32Array(rows);
  return () => policy.act(observations, rows, epsilons, random, actions);
}

function forwardOf(runtime: Runtime, rows: number): () => void {
  const compiled = compile(
    runtime,
    (state, inputs) => ({
      outputs: { q: forward(runtime.tf, network, layout, state, inputs['observations']) },
    }),
    { state: parameters, inputs: { observations: { shape: [rows, 4] } } },
  );
  const observations = observationsOf(rows);
  return () => void compiled.run({ observations });
}

function observationsOf(rows: number): Float32Array {
  const random = new Random(2);
  return Float32Array.from({ length: rows * 4 }, () => random.normal());
}
