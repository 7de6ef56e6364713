import { beforeAll, describe, expect, it } from 'vitest';
import { compile, loadTensor, type Runtime } from '../src/index.ts';
import { hasLibrary } from './native.ts';
import { lossesElsewhere } from './steps.ts';

describe.skipIf(!hasLibrary)("a step on the caller's thread", () => {
  let runtime: Runtime;

  beforeAll(async () => {
    runtime = await loadTensor({ force: 'cpu', parallelism: 'caller' });
  });

  it('gives the bits that it gives on other threads', async () => {
    const [caller, ops] = await Promise.all([
      lossesElsewhere({ force: 'cpu', parallelism: 'caller' }),
      lossesElsewhere({ force: 'cpu', parallelism: 'ops' }),
    ]);
    expect(caller).toHaveLength(30);
    expect(caller).toEqual(ops);
  });

  it('flushes denormal numbers to zero, and leaves those of JavaScript alone', () => {
    const { tf } = runtime;
    const halve = compile(runtime, (_, { x }) => ({ state: {}, outputs: { half: tf.mul(x!, 0.5) } }), {
      state: new Map(),
      inputs: { x: { shape: [2] } },
    });
    // The smallest normal float32 is 1.18e-38.
    expect([...halve.run({ x: Float32Array.of(1.2e-38, 1e-37) })['half']!]).toEqual([0, Math.fround(5e-38)]);
    halve.dispose();
    const [smallest] = Float64Array.of(Number.MIN_VALUE);
    expect(smallest! * 3).toBeGreaterThan(0);
    expect(Float32Array.of(1.2e-38 / 2)[0]).toBeGreaterThan(0);
  });
});
