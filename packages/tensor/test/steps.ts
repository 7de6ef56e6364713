import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { compile, loadTensor } from '../src/index.ts';
import type { LoadOptions } from '../src/load.ts';
import { dqnBatch, dqnInputs, dqnState, dqnUpdate } from './problem.ts';

/** The losses of thirty DQN steps on the runtime so loaded: what tests hold one runtime against another with. */
export async function losses(options: LoadOptions): Promise<number[]> {
  const runtime = await loadTensor(options);
  const step = compile(runtime, dqnUpdate(runtime.tf), { state: dqnState(), inputs: dqnInputs });
  const all = Array.from({ length: 30 }, (_, i) => step.run(dqnBatch(i))['loss']![0]!);
  step.dispose();
  return all;
}

/** The same in a process of its own, since a process loads one runtime. */
export async function lossesElsewhere(options: LoadOptions): Promise<number[]> {
  const program = `
    const { losses } = await import('${new URL('./steps.ts', import.meta.url).href}');
    console.log(JSON.stringify(await losses(${JSON.stringify(options)})));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as number[];
}
