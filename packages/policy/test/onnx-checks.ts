import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPolicy } from '@qfleet/agents';
import { Random } from '@qfleet/random';
import { stateShape } from '@qfleet/spaces';
import { expect } from 'vitest';
import { encodeOnnx } from '../src/onnx/encode-onnx.ts';
import { decodeModel, ELEMENT } from '../src/onnx/proto.ts';
import { CASES, drawRows, trainedOf } from './cases.ts';

/** Rows of each step; the memory goes on from step to step. */
const ROWS = [4, 4];

/** A tensor that onnxruntime gave. */
export interface Given {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** What onnxruntime gave, by case; each step's outputs by name. */
export type Outputs = Readonly<Record<string, readonly Readonly<Record<string, Given>>[]>>;

const stepSeed = (seed: number, step: number): number => Random.seed(seed, `step ${step}`);

/** What onnxruntime computes of every case's model, by a Python that has it. */
export async function runOnnx(python: string, seed: number): Promise<Outputs> {
  const folder = mkdtempSync(join(tmpdir(), 'qfleet-onnx-'));
  try {
    const cases = [];
    for (const [i, [name, each]] of Object.entries(CASES).entries()) {
      const file = `${i}.onnx`;
      writeFileSync(join(folder, file), await encodeOnnx(trainedOf(each, seed)));
      const steps = ROWS.map((rows, step) => {
        const { states, masks, dtype } = drawRows(each, rows, stepSeed(seed, step));
        const observation = { shape: [rows, ...stateShape(each.layout)], dtype, data: [...states] };
        if (each.layout.masked !== true) return { observation };
        return { observation, mask: { shape: [rows, each.layout.actions], dtype: 'bool', data: [...masks] } };
      });
      cases.push({ name, file, steps });
    }
    writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases));
    const script = fileURLToPath(new URL('./reference/onnx/run.py', import.meta.url));
    return JSON.parse(execFileSync(python, [script, folder], { encoding: 'utf8', maxBuffer: 1 << 28 }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What the policy of actors does of the same: values, actions and memory, step by step. */
export async function act(name: string, seed: number) {
  const each = CASES[name];
  const trained = trainedOf(each, seed);
  const policy = await createPolicy({ config: trained.config.agent, spec: each.layout });
  policy.load(trained.checkpoint.parameters);
  const memory = policy.memory(ROWS[0]);
  return ROWS.map((count, step) => {
    const { states, masks } = drawRows(each, count, stepSeed(seed, step));
    const values = new Float32Array(count * each.layout.actions);
    const actions = new Int32Array(count);
    policy.act({
      ...{ count, states, memory, actions, values, random: new Random(1), epsilons: new Float32Array(count) },
      begins: new Int32Array(count).fill(step === 0 ? 1 : 0),
      masks: each.layout.masked === true ? masks : null,
    });
    const remembered = Object.entries(memory.values).map(([column, data]) => [column, [...data]] as const);
    return { values, actions, memory: Object.fromEntries(remembered) };
  });
}

/** Where what `npm run test:reference` found for this seed is stored, with what it was found of. */
export const STORED = new URL('./reference/onnx/stored.json', import.meta.url);
export const STORED_SEED = 0;

/** A model as it is stored: what its graph is, and a number for each constant that changes with each of its numbers. */
export interface Fingerprint {
  /** SHA-256 of the graph's JSON without the constants' numbers. */
  readonly graph: string;
  readonly constants: readonly number[];
}

/** The fingerprint of a case's model. */
export async function fingerprint(name: string, seed: number): Promise<Fingerprint> {
  const model = decodeModel(await encodeOnnx(trainedOf(CASES[name], seed)));
  const constants = model.graph.initializer.map(({ dataType, rawData }) => {
    const buffer = Uint8Array.from(rawData).buffer;
    const numbers = dataType === ELEMENT.float32 ? new Float32Array(buffer) : new Uint8Array(buffer);
    return Array.from(numbers, Number).reduce((sum, x, i) => sum + x * Math.cos(i), 0);
  });
  const initializer = model.graph.initializer.map(({ rawData: _, ...rest }) => rest);
  const json = JSON.stringify({ ...model, metadataProps: [], graph: { ...model.graph, initializer } });
  return { graph: createHash('sha256').update(json).digest('hex').slice(0, 16), constants };
}

/** Asserts that what onnxruntime gave for a case is what actors compute. */
export async function checkOutputs(name: string, seed: number, outputs: Outputs[string]): Promise<void> {
  const ours = await act(name, seed);
  for (const [step, { values, actions, memory }] of ours.entries()) {
    const theirs = outputs[step];
    const close = (what: string, a: ArrayLike<number>, b: readonly number[]): void => {
      expect(b.length, `${name}: ${what}`).toBe(a.length);
      for (let i = 0; i < b.length; i++) {
        const tolerance = 1e-5 * Math.max(1, Math.abs(b[i]));
        expect(Math.abs(a[i] - b[i]), `${name}: ${what} ${i}`).toBeLessThan(tolerance);
      }
    };
    close('values', values, theirs['values'].data);
    close('action', actions, theirs['action'].data);
    for (const [column, data] of Object.entries(memory)) {
      close(column, data, theirs[`${column.replaceAll('/', '_')}_next`].data);
    }
  }
}
