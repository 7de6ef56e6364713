import type { EnvironmentDefinition } from './environment.ts';
import { KernelRows } from './kernel-rows.ts';
import { ScalarRows } from './scalar-rows.ts';
import { callUser } from './user-call.ts';
import type { VectorEnvironment } from './vector-environment.ts';

/**
 * An environment's rows, none at first, ready for slots: its batched kernel where it has one, else a copy of the
 * environment for each row. Time limits and checks are those of `createEnvironment`, and so are the errors, which
 * `failures` has.
 *
 * @param turnMs milliseconds after which a step of copies gives the event loop a turn, and is awaited. Default: never.
 * @throws EnvironmentError from `add`, `remove`, `reset` and `close`, naming environment, slot, episode and step.
 */
export function createVectorEnvironment(
  definition: EnvironmentDefinition,
  turnMs = Number.POSITIVE_INFINITY,
): VectorEnvironment {
  const { id, native, createVector } = definition;
  if (createVector === undefined) return new ScalarRows(definition, turnMs);
  const place = { environment: id, slot: 0, episode: 0, step: 0 };
  return new KernelRows(definition, native ? createVector() : callUser('create', place, createVector));
}
