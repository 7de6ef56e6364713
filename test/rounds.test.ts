import { expect, it, onTestFinished } from 'vitest';
import { TrainingFleet } from './support/fleet.ts';
import { startRedis } from './support/redis.ts';

const COPIES = 8;

/** CartPole in rounds of 8 × 16 steps, each for 4 updates; nothing ends it. */
const config = [
  'environment: { id: CartPole-v1 }',
  `agent: { kind: pqn, copies: ${COPIES}, steps: 16, minibatches: 2, epochs: 2, network: { kind: mlp, hidden: [16] } }`,
  'learner: { checkpointEvery: 40 }',
  'evaluation: { every: 4000, episodes: 1 }',
  'fleet: { actors: 2, slotsPerLease: 2, slotsPerActor: 2, roundPatience: 1 }',
];

it('a fleet learns from rounds, whoever dies', { timeout: 180_000 }, async () => {
  const server = await startRedis();
  onTestFinished(() => server.stop());
  const fleet = await TrainingFleet.start(`unix://${server.socket}`, 'rounds', 1, config);
  const held = ({ actors }: { readonly actors: readonly { readonly slots: number }[] }): number =>
    actors.reduce((sum, { slots }) => sum + slots, 0);
  const whole = () =>
    fleet.until((state) => state.actors.length === 2 && held(state) === COPIES, 'all slots are held');
  const goesOn = async () => {
    const { totals } = await fleet.until(({ learners }) => learners.length > 0, 'a learner lives');
    return fleet.until((state) => state.totals.updates > totals.updates + 200, 'it learns on');
  };

  // Each actor holds an even share, whatever the configuration's number of slots.
  const before = await whole();
  expect(before.actors.map(({ slots }) => slots)).toEqual([COPIES / 2, COPIES / 2]);
  const { totals } = await goesOn();
  expect(totals.transitionsSampled).toBeGreaterThan(0);
  expect(totals.learnerWaitRoundSeconds).toBeGreaterThan(0);
  expect(totals.actorWaitRoundSeconds).toBeGreaterThan(0);
  expect(totals.chunksRefused).toBe(0);

  // An actor is killed: rounds go on without its slots, which run again later.
  process.kill(before.actors[0].pid, 'SIGKILL');
  const { roundSlotsMissed } = (
    await fleet.until(
      (state) => state.totals.roundSlotsMissed >= totals.roundSlotsMissed + COPIES / 2,
      'slots are missed',
    )
  ).totals;
  expect(roundSlotsMissed).toBeGreaterThan(totals.roundSlotsMissed);
  await goesOn();
  await whole();

  // The learner is killed: another one goes on from a checkpoint, with newer weights.
  const [learner] = (await fleet.until(({ learners }) => learners.length === 1, 'a learner lives')).learners;
  process.kill(learner.pid, 'SIGKILL');
  const [next] = (
    await fleet.until(
      ({ learners }) => learners.some(({ id, training }) => id !== learner.id && training === 1),
      'another learner trains',
    )
  ).learners.filter(({ id }) => id !== learner.id);
  expect(next.updates).toBeGreaterThanOrEqual(learner.updates - 100);
  expect(next.weightsVersion).toBeGreaterThan(learner.weightsVersion);
  await goesOn();

  // Redis forgets everything, and later dies for a while.
  await fleet.redis.flushall();
  await goesOn();
  await whole();
  await server.kill();
  await server.start();
  await goesOn();
  await whole();
});
