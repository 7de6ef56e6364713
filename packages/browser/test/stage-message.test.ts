import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeStageState, encodeStageState, type StageState } from '../src/stage-message.ts';

const frames = fc
  .record({
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
    fill: fc.nat(255),
  })
  .map(({ width, height, fill }) => ({
    width,
    height,
    pixels: new Uint8Array(3 * width * height).fill(fill),
  }));
const states: fc.Arbitrary<StageState> = fc.record({
  stage: fc.nat(0xffffffff),
  reward: fc.double({ noNaN: true }),
  terminated: fc.boolean(),
  truncated: fc.boolean(),
  observation: fc.uint8Array({ maxLength: 20 }),
  mask: fc.uint8Array({ maxLength: 5, max: 1 }),
  frame: fc.option(frames),
  note: fc.string({ unit: 'grapheme' }).map((note) => note.toWellFormed()),
});
const sizesOf = ({ observation, mask }: StageState) => ({
  observation: observation.length,
  mask: mask.length,
});

describe('the states of a stage', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(states, (state) => {
        const read = decodeStageState(encodeStageState(state), sizesOf(state));
        expect({ ...read, frame: read.frame && { ...read.frame } }).toEqual(state);
      }),
    );
  });

  it('are refused where a byte is missing or too many, and of another environment', () => {
    fc.assert(
      fc.property(states, fc.nat(), (state, cut) => {
        const bytes = encodeStageState(state);
        const sizes = sizesOf(state);
        const refused = (other: Uint8Array, as = sizes): void =>
          expect(() => decodeStageState(other, as)).toThrow(/is no state of this environment/);
        refused(bytes.subarray(0, cut % bytes.length));
        refused(new Uint8Array([...bytes, 0]));
        refused(bytes, { ...sizes, observation: sizes.observation + 1 });
        refused(bytes, { ...sizes, mask: sizes.mask + 1 });
        // A frame that says it is larger than what there is.
        const larger = bytes.slice();
        larger.fill(255, 12, 20);
        refused(larger);
        const foreign = bytes.slice();
        foreign[0] ^= 1;
        refused(foreign);
      }),
    );
  });
});
