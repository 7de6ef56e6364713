import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Fifo } from '../src/fifo.ts';

it('is a queue', () => {
  // Runs of pushes, and of shifts where negative: long enough that the array is cut.
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1500, max: 1500 })), (runs) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      let next = 0;
      for (const run of runs) {
        for (let i = 0; i < run; i++) {
          fifo.push(next);
          model.push(next++);
        }
        for (let i = run; i < 0 && model.length > 0; i++) expect(fifo.shift()).toBe(model.shift());
        expect(fifo.length).toBe(model.length);
        for (const at of [-1, 0, model.length - 1, model.length]) expect(fifo.at(at)).toBe(model[at]);
      }
    }),
  );
});

it('holds nothing that was taken out', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const fifo = new Fifo<object>();
  for (let i = 0; i < 3; i++) fifo.push({});
  const kept = new WeakRef(fifo.at(2)!);
  const taken = [new WeakRef(fifo.shift()), new WeakRef(fifo.shift())];
  // A WeakRef is held until the end of the turn that made it.
  await setImmediate();
  collect();
  expect(taken.map((each) => each.deref())).toEqual([undefined, undefined]);
  expect(kept.deref()).toBe(fifo.at(0));
});
