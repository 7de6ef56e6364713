import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Random } from '@qfleet/random';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BlockKernel } from '../src/inference/dense/block-kernel.ts';
import { BlockQueue } from '../src/inference/dense/block-queue.ts';
import { Helpers } from '../src/inference/dense/helpers.ts';
import type { DenseLayer } from '../src/inference/dense/layer.ts';
import { layOut, type StackLayout } from '../src/inference/dense/stack-layout.ts';
import { allocate, writeLayers } from '../src/inference/dense/stack-memory.ts';

type Memory = ReturnType<typeof allocate>;

/** Starting a thread takes long where many processes share few processors. */
const STARTED = { timeout: 60_000, interval: 5 };

function drawStack(sizes: readonly number[], seed: number) {
  const random = new Random(seed);
  const draw = (length: number) => Float32Array.from({ length }, () => random.normal());
  const layers: DenseLayer[] = sizes.slice(1).map((outputs, i) => ({
    inputs: sizes[i],
    outputs,
    kernel: draw(sizes[i] * outputs),
    bias: draw(outputs),
  }));
  const layout = layOut(layers);
  const memory = allocate(layout);
  writeLayers(new Float32Array(memory.buffer), layout, layers);
  return { layout, memory };
}

const inputOf = (memory: Memory, { input, rows, places }: StackLayout) =>
  new Float32Array(memory.buffer, input, rows * places[0].inputs);
const outputOf = (memory: Memory, { output, rows, places }: StackLayout) =>
  new Float32Array(memory.buffer, output, rows * places[places.length - 1].outputs);

describe('rows on several threads', () => {
  const made: Helpers[] = [];
  const helpersOf = (memory: Memory, layout: StackLayout, patience: number): Helpers => {
    const helpers = new Helpers(memory, layout, patience);
    made.push(helpers);
    return helpers;
  };
  // They end by themselves; the next test should not share the processors with them.
  afterEach(() => vi.waitFor(() => expect(made.every(({ ready }) => ready === 0)).toBe(true), STARTED));

  it('are the same to the bit whoever computes them, whatever their number and the shape', async () => {
    const width = fc.integer({ min: 1, max: 80 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(width, { minLength: 2, maxLength: 4 }),
        fc.array(fc.integer({ min: 1, max: 1024 }), { minLength: 1, maxLength: 5 }),
        fc.nat(),
        async (sizes, calls, seed) => {
          const { layout, memory } = drawStack(sizes, seed);
          const [input, output] = [inputOf(memory, layout), outputOf(memory, layout)];
          const queue = new BlockQueue(memory, layout);
          const kernel = new BlockKernel({ memory, layout, thread: 0 });
          const helpers = helpersOf(memory, layout, 2_000);
          helpers.start(2);
          await vi.waitFor(() => expect(helpers.ready).toBe(2), STARTED);
          const random = new Random(seed);
          const compute = (rows: number, callers: readonly number[], help: boolean): Float32Array => {
            output.fill(Number.NaN);
            queue.open(rows);
            for (const thread of callers) queue.call(thread);
            if (help) queue.work((block, of) => kernel.run(block, of));
            queue.finish();
            return output.slice(0, rows * layout.places[layout.places.length - 1].outputs);
          };
          for (const rows of calls) {
            for (let i = 0; i < input.length; i++) input[i] = random.normal();
            const alone = compute(rows, [], true);
            expect(alone).not.toContain(Number.NaN);
            expect(compute(rows, [1], false)).toEqual(alone);
            expect(compute(rows, [1, 2], false)).toEqual(alone);
            expect(compute(rows, [1, 2], true)).toEqual(alone);
          }
        },
      ),
      { numRuns: 6 },
    );
  });

  it('are all computed over thousands of calls in quick succession', async () => {
    const { layout, memory } = drawStack([4, 8, 2], 1);
    const queue = new BlockQueue(memory, layout);
    const helpers = helpersOf(memory, layout, 2_000);
    helpers.start(2);
    await vi.waitFor(() => expect(helpers.ready).toBe(2), STARTED);
    const kernel = new BlockKernel({ memory, layout, thread: 0 });
    const [input, output] = [inputOf(memory, layout), outputOf(memory, layout)];
    for (let call = 1; call <= 3000; call++) {
      const rows = 17 + (call % 100);
      // A helper that is late from the call before must not leave a block out, nor write into this one.
      input.fill(call, 0, rows * 4);
      queue.open(rows);
      for (const thread of [1, 2]) queue.call(thread);
      queue.work((block, of) => kernel.run(block, of));
      queue.finish();
      const expected = output[0];
      for (let row = 1; row < rows; row++) expect(output[row * 4]).toBe(expected);
    }
  });

  it('end when nobody calls them, and can be started again', async () => {
    const { layout, memory } = drawStack([4, 8, 2], 1);
    const helpers = helpersOf(memory, layout, 100);
    for (let time = 0; time < 2; time++) {
      helpers.start(1);
      await vi.waitFor(() => expect(helpers.ready).toBe(1), STARTED);
      await vi.waitFor(() => expect(helpers.ready).toBe(0), STARTED);
    }
    expect(helpers.failed).toBe(false);
  });

  it('do without helpers that fail', async () => {
    const { layout, memory } = drawStack([4, 8, 2], 1);
    // Its thread finds no layout.
    const helpers = new Helpers(memory, null as unknown as StackLayout);
    helpers.start(1);
    await vi.waitFor(() => expect(helpers.failed).toBe(true), STARTED);
    helpers.start(1);
    expect(helpers.ready).toBe(0);
    const queue = new BlockQueue(memory, layout);
    const blocks: number[] = [];
    queue.open(40);
    queue.call(1);
    queue.work((block) => void blocks.push(block));
    queue.finish();
    expect(blocks).toEqual([2, 1, 0]);
  });

  const program = (end: string): string => `
    import { Helpers } from '${new URL('../src/inference/dense/helpers.ts', import.meta.url)}';
    import { layOut } from '${new URL('../src/inference/dense/stack-layout.ts', import.meta.url)}';
    import { allocate } from '${new URL('../src/inference/dense/stack-memory.ts', import.meta.url)}';
    const layout = layOut([{ inputs: 4, outputs: 2 }]);
    const helpers = new Helpers(allocate(layout), layout, 3_600_000);
    helpers.start(2);
    ${end}`;
  const run = (source: string, ...flags: string[]) =>
    spawnSync(process.execPath, [...flags, '--input-type=module', '-e', source], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      timeout: 100_000,
    });

  it('hold no process open, that ends by itself or by exit', () => {
    const wait = 'while (helpers.ready < 2) await new Promise((done) => setTimeout(done, 5));';
    expect(run(program(`${wait} console.log('over');`))).toMatchObject({ status: 0, stdout: 'over\n' });
    expect(run(program(`${wait} process.exit(7);`))).toMatchObject({ status: 7 });
  });

  it('do without helpers where a process may start no thread', () => {
    const source = program('console.log(helpers.failed, helpers.ready);');
    expect(run(source, '--permission', '--allow-fs-read=*')).toMatchObject({ stdout: 'true 0\n' });
  });
});
