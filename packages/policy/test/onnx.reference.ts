import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { exportPolicy, LoadedPolicy } from '../src/index.ts';
import { CASES, trainedOf } from './cases.ts';
import { checkOutputs, type Fingerprint, fingerprint, runOnnx, STORED, STORED_SEED } from './onnx-checks.ts';

const python = process.env['QFLEET_ONNX_PYTHON']!;

it('onnxruntime gives what actors compute, to 1e-5, for every network with every head', async () => {
  // Printed, so that a failure can be had again. With the stored seed, what is stored is written anew.
  const seed = Number(process.env['QFLEET_REFERENCE_SEED'] ?? 1 + Math.floor(Math.random() * 2 ** 20));
  console.log(`QFLEET_REFERENCE_SEED=${seed}`);
  const outputs = await runOnnx(python, seed);
  expect(Object.keys(outputs)).toEqual(Object.keys(CASES));
  for (const [name, steps] of Object.entries(outputs)) await checkOutputs(name, seed, steps);
  if (seed !== STORED_SEED) return;
  const stored: Record<string, Fingerprint & { steps: unknown }> = {};
  for (const [name, all] of Object.entries(outputs)) {
    const steps = all.map((step) =>
      Object.fromEntries(Object.entries(step).filter(([output]) => isCompared(output))),
    );
    stored[name] = { ...(await fingerprint(name, seed)), steps };
  }
  writeFileSync(STORED, `${JSON.stringify(stored)}\n`);
});

it('the programs of docs/formats.md act on exported files as the policy does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-formats-'));
  try {
    const layout = { shape: [4], dtype: 'float32', frames: 1, actions: 2 } as const;
    const trained = trainedOf({ layout, agent: { network: { kind: 'mlp', hidden: [9, 7] } } }, 3);
    for (const extension of ['onnx', 'safetensors', 'json']) {
      await exportPolicy(trained, join(folder, `policy.${extension}`));
    }
    const { action, values } = (await LoadedPolicy.of(trained)).decide([0, 0, 0.02, 0]);
    const page = readFileSync(new URL('../../../docs/formats.md', import.meta.url), 'utf8');
    const programs = [...page.matchAll(/```python\n(.*?)```/gs)].map(([, program]) => program);
    expect(programs).toHaveLength(3);
    for (const program of programs) {
      const printed = execFileSync(python, ['-c', program], { cwd: folder, encoding: 'utf8' });
      const [chosen, ...valued] = printed.match(/-?\d+(\.\d+)?(e-?\d+)?/g)!.map(Number);
      expect(chosen).toBe(action);
      expect(valued).toHaveLength(2);
      for (const [i, value] of valued.entries()) expect(value).toBeCloseTo(values[i], 5);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Whether actors compute an output of a model too. */
const isCompared = (output: string): boolean => /^(values|action|.*_next)$/.test(output);
