import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { inspect } from '../src/index.ts';
import { hasLibrary } from './native.ts';

const run = promisify(execFile);
const index = new URL('../dist/index.js', import.meta.url).href;

/** Runs a program in a process of its own: tfjs has one engine a process, and a library can't be unloaded. */
async function script(body: string, environment: Record<string, string> = {}): Promise<unknown> {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', body], {
    env: { ...process.env, ...environment },
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

const multiply = `
  const { loadTensor } = await import('${index}');
  const { kind, version, notes, tf } = await loadTensor();
  const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
  const gradient = tf.grad((each) => tf.sum(tf.relu(tf.matMul(each, each))))(x);
  const top = tf.topk(x, 1).values;
  console.log(JSON.stringify({ kind, version, notes, gradient: [...gradient.dataSync()], top: [...top.dataSync()] }));
`;

describe('loadTensor', () => {
  it.skipIf(!hasLibrary)('runs libtensorflow, forced and not', async () => {
    for (const force of ['cpu', '']) {
      expect(await script(multiply, { QFLEET_TENSOR: force })).toEqual({
        kind: 'libtensorflow-cpu',
        version: expect.stringMatching(/^TensorFlow \d+\.\d+\.\d+, tfjs-node 4/),
        notes: [],
        gradient: [7, 11, 9, 13],
        top: [2, 4],
      });
    }
  });

  it('runs WASM when it is forced, and when nothing is provisioned, with a sentence', async () => {
    const result = { kind: 'wasm', gradient: [7, 11, 9, 13], top: [2, 4] };
    expect(await script(multiply, { QFLEET_TENSOR: 'wasm' })).toMatchObject({ ...result, notes: [] });
    const nothing = { QFLEET_TENSOR: '', QFLEET_CACHE_DIR: '/nonexistent' };
    expect(await script(multiply, nothing)).toMatchObject({
      ...result,
      notes: expect.arrayContaining([
        expect.stringMatching(/^libtensorflow \(cpu\) is not provisioned: run /),
      ]),
    });
  });

  it('says why a forced runtime cannot run, and what QFLEET_TENSOR may be', async () => {
    const nothing = { QFLEET_CACHE_DIR: '/nonexistent' };
    for (const kind of ['gpu', 'cpu']) {
      await expect(script(multiply, { ...nothing, QFLEET_TENSOR: kind })).rejects.toThrow(
        `QFLEET_TENSOR=${kind} can't run: libtensorflow (${kind}) is not provisioned`,
      );
    }
    await expect(script(multiply, { QFLEET_TENSOR: 'tpu' })).rejects.toThrow(
      "QFLEET_TENSOR is 'tpu': it may be gpu, cpu or wasm",
    );
  });

  it('leaves tfjs, protobuf and the library alone until they are asked for', async () => {
    const loaded = await script(`
      import { createRequire } from 'node:module';
      await import('${index}');
      const { cache } = createRequire('${index}');
      console.log(JSON.stringify(Object.keys(cache).filter((each) => /tensorflow|protobuf/.test(each))));
    `);
    // The version of tfjs-node, read from its package.json.
    expect((loaded as string[]).filter((each) => !each.endsWith('package.json'))).toEqual([]);
  });

  it('gives actors WASM without gradients or libtensorflow', async () => {
    const result = await script(`
      const { loadWasm } = await import('${index}');
      const { kind, tf } = await loadWasm();
      const product = tf.matMul(tf.ones([1, 3]), tf.ones([3, 2]));
      console.log(JSON.stringify({ kind, product: [...product.dataSync()] }));
    `);
    expect(result).toEqual({ kind: 'wasm', product: [3, 3] });
  });
});

describe('inspect', () => {
  it('says what runs, and a fix for each problem', async () => {
    const { runs, findings } = await inspect();
    expect(runs?.kind).toBe(hasLibrary ? 'libtensorflow-cpu' : 'wasm');
    expect(findings.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['runtime', 'gpu', 'libtensorflow-cpu', 'python', 'compiler']),
    );
    for (const { status, fix } of findings) expect(fix !== null).toBe(status === 'problem');
  });

  it('reports what is not provisioned', async () => {
    const { findings } = await inspect('/nonexistent');
    const library = findings.find(({ name }) => name === 'libtensorflow-cpu');
    expect(library).toMatchObject({ detail: 'not provisioned in /nonexistent' });
  });
});
