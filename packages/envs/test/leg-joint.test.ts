import { Random } from '@qfleet/random';
import { RevoluteJoint, type TimeStep } from 'planck';
import { afterEach, expect, test, vi } from 'vitest';
import { findEnvironment } from '../src/index.ts';
import { LegJoint } from '../src/native/lunar-lander/leg-joint.ts';

afterEach(() => vi.restoreAllMocks());

/** Observations of flights that touch the ground, with random actions and with none. */
function fly(): number[] {
  const environment = findEnvironment('LunarLander-v3').create(new Random(4));
  const observation = new Float32Array(8);
  const outcome = { reward: 0, terminated: false, truncated: false };
  const actions = new Random(5);
  const seen: number[] = [];
  for (let episode = 0; episode < 20; episode++) {
    environment.reset(observation);
    for (outcome.terminated = false; !outcome.terminated; ) {
      environment.step(episode % 2 === 0 ? actions.integer(4) : 0, observation, outcome);
      seen.push(...observation, outcome.reward);
    }
  }
  return seen;
}

test('a leg’s joint solves as planck’s does in all iterations', () => {
  const ours = fly();
  let iterations = 0;
  vi.spyOn(LegJoint.prototype, 'solveVelocityConstraints').mockImplementation(function (
    this: LegJoint,
    step: TimeStep,
  ) {
    iterations++;
    RevoluteJoint.prototype.solveVelocityConstraints.call(this, step);
  });
  const planck = fly();
  expect(iterations).toBeGreaterThan(100_000);
  expect(ours).toHaveLength(planck.length);
  for (let i = 0; i < ours.length; i++) expect(Math.abs(ours[i] - planck[i])).toBeLessThan(1e-6);
});
