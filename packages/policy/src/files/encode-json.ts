import { elementsOf } from '@qfleet/spaces';
import { describePolicy } from '../describe.ts';
import { PolicyError } from '../policy-error.ts';
import type { Trained } from '../trained.ts';

/** Numbers that a JSON file may hold: more are megabytes of decimals, which the other formats have in a quarter. */
const MOST_NUMBERS = 100_000;

/**
 * A small policy as JSON: its description, and `parameters` by name, each `{ shape, data }` with the numbers row by row.
 *
 * @throws PolicyError where it has more than 100,000 numbers.
 */
export function encodeJson(trained: Trained): string {
  const { parameters } = trained.checkpoint;
  const count = [...parameters.values()].reduce((sum, { shape }) => sum + elementsOf(shape), 0);
  if (count > MOST_NUMBERS) {
    throw new PolicyError(
      `The policy has ${count} numbers, and JSON is for ${MOST_NUMBERS} at most: export to .safetensors or .onnx.`,
    );
  }
  const written = [...parameters].map(([name, { shape, data }]) => [
    name,
    { shape, data: [...data].map(shortest) },
  ]);
  return `${JSON.stringify({ ...describePolicy(trained), parameters: Object.fromEntries(written) })}\n`;
}

/** The decimal of fewest digits that is the same float32. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const near = Number(value.toPrecision(digits));
    if (Math.fround(near) === value) return near;
  }
  return Number(value.toPrecision(9));
}
