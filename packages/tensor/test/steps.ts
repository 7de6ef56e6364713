import { compile, loadTensor } from '../src/index.ts';
import { dqnBatch, dqnInputs, dqnState, dqnUpdate } from './problem.ts';

/** Thirty DQN steps on the runtime of QFLEET_TENSOR: what fallback.test.ts holds one runtime against another with. */
export async function losses(): Promise<number[]> {
  const runtime = await loadTensor();
  const step = compile(runtime, dqnUpdate(runtime.tf), { state: dqnState(), inputs: dqnInputs });
  const all = Array.from({ length: 30 }, (_, i) => step.run(dqnBatch(i))['loss']![0]!);
  step.dispose();
  return all;
}
