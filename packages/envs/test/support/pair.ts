import { expect } from 'vitest';
import { createVectorEnvironment, findEnvironment } from '../../src/index.ts';
import { Rows } from './rows.ts';

/** The rows of an environment's kernel, and copies of it. */
export function pair(id: string, options: object, stack: number): Rows[] {
  const definition = findEnvironment(id, { ...options });
  const { createVector, ...scalar } = definition;
  expect(createVector).toBeDefined();
  return [definition, scalar].map((each) => new Rows(each, createVectorEnvironment(each), stack));
}

/** Says in what the two differ: bytes, since a whole comparison of each state would take long. */
export function expectSame([batched, copies]: readonly Rows[]): void {
  for (const name of ['observations', 'rewards', 'terminated', 'truncated'] as const) {
    const [ours, theirs] = [batched.arrays[name], copies.arrays[name]];
    if (Buffer.from(ours.buffer).equals(Buffer.from(theirs.buffer))) continue;
    expect(batched.seen).toEqual(copies.seen);
    expect.fail(`${name} differ`);
  }
}

/** Begins anew what has ended. */
export function resetEnded({ environment, arrays: { terminated, truncated } }: Rows): void {
  for (let row = 0; row < environment.rows; row++) {
    if (terminated[row] !== 0 || truncated[row] !== 0) environment.reset(row);
  }
}
