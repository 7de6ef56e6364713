import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { createPolicy, epsilonOf, type Policy } from '@qfleet/agents';
import { createVectorEnvironment } from '@qfleet/envs';
import { createLogger, replayPrefix, reportEpisodes, Uplink } from '@qfleet/fleet';
import { Random } from '@qfleet/random';
import { compressesWell, openReplayInbox } from '@qfleet/replay';
import { openTask, Rollout, type Task } from '@qfleet/rollout';
import { allocateObservations, type ObservationArray, observationSize } from '@qfleet/spaces';
import { openRedis } from '../connect.ts';
import type { ActorCase } from './cases.ts';
import { type Cost, costOf } from './cost.ts';

/** Works for about so long, and tells what that took. */
export type Turn = (milliseconds: number) => Promise<Cost>;

/** Milliseconds of stepping between two turns of the event loop, as in an actor. */
const SLICE_MS = 4;
/** Chunks of a slot that may wait for the replay, as in an actor. */
const BUFFERED_CHUNKS_PER_SLOT = 64;

/** An actor, and each of the three things that it does, alone. */
export interface Parts {
  readonly turns: Readonly<Record<'environment' | 'policy' | 'push' | 'actor', Turn>>;
  readonly close: () => void;
}

/** Makes them, on the replay of `run` that lies on the server at `url`. */
export async function makeParts({ config, weights }: ActorCase, url: string, run: string): Promise<Parts> {
  const task = await openTask(config);
  const { layout } = task;
  const { agent, exploration, fleet, replay, seed } = config;
  const policy = await createPolicy({ config: agent, spec: layout, selector: exploration.selector });
  policy.load(weights(layout));
  const redis = await openRedis(url);
  const epsilons = Array.from({ length: fleet.slots }, (_, slot) =>
    epsilonOf(exploration, slot, fleet.slots, 0),
  );
  const rolloutOf = (writer: string): Rollout => {
    const epsilon = (slot: number): number => epsilons[slot];
    const rollout = new Rollout({
      ...{ ...task, policy, writer, seed, epsilon },
      chunkLength: replay.chunkLength,
    });
    rollout.weightsVersion = 1;
    for (let slot = 0; slot < fleet.slots; slot++) rollout.addSlot(slot);
    return rollout;
  };
  const uplinkOf = (writer: string): Promise<Uplink> =>
    Uplink.open({
      openInbox: () => openReplayInbox([{ redis, prefix: replayPrefix(run, 0) }], layout, writer),
      compressed: compressesWell(layout),
      reportEpisodes: (number, report) => reportEpisodes(redis, run, writer, number, report),
      log: createLogger('warn'),
    });
  const { step, observations } = steppedByChance(task, fleet.slots);
  return {
    turns: {
      environment: (milliseconds) => inSlices(milliseconds, step),
      policy: actsOn(observations, policy, epsilons),
      push: pushes(rolloutOf('pushes'), await uplinkOf('pushes'), replay.chunkLength),
      actor: acts(rolloutOf('acts'), await uplinkOf('acts')),
    },
    close: () => redis.disconnect(),
  };
}

/** Calls `work`, which returns the transitions that it did, with a turn of the event loop after each slice. */
function inSlices(milliseconds: number, work: () => number): Promise<Cost> {
  return costOf(async () => {
    let done = 0;
    for (const end = performance.now() + milliseconds; performance.now() < end; ) {
      done += slice(work);
      await setImmediate();
    }
    return done;
  });
}

function slice(work: () => number): number {
  let done = 0;
  const end = performance.now() + SLICE_MS;
  do done += work();
  while (performance.now() < end);
  return done;
}

/** Environments that are stepped with actions by chance, and reset. */
function steppedByChance({ definition }: Task, slots: number) {
  const random = new Random(0);
  const environment = createVectorEnvironment(definition);
  for (let slot = 0; slot < slots; slot++) environment.add(random, slot, 0);
  const observations = allocateObservations(definition.observationSpace, slots);
  const actions = new Int32Array(slots);
  const [terminated, truncated] = [new Uint8Array(slots), new Uint8Array(slots)];
  environment.bind({
    ...{ observations, terminated, truncated, masks: null },
    stride: observationSize(definition.observationSpace),
    rewards: new Float64Array(slots),
  });
  for (let slot = 0; slot < slots; slot++) environment.reset(slot);
  const step = (): number => {
    for (let slot = 0; slot < slots; slot++) actions[slot] = random.integer(definition.actionSpace.n);
    void environment.step(actions);
    for (let slot = 0; slot < slots; slot++) if (terminated[slot] || truncated[slot]) environment.reset(slot);
    return slots;
  };
  return { step, observations };
}

/** Acts on the observations as they stand. */
function actsOn(states: ObservationArray, policy: Policy, epsilons: readonly number[]): Turn {
  const count = epsilons.length;
  const rows = {
    ...{ count, states, masks: null, values: null, random: new Random(0) },
    begins: new Int32Array(count),
    memory: policy.memory(count),
    epsilons: Float32Array.from(epsilons),
    actions: new Int32Array(count),
  };
  return (milliseconds) =>
    inSlices(milliseconds, () => {
      policy.act(rows);
      return count;
    });
}

/** Portions of chunks that are made before some are pushed. */
const PORTIONS = 8;

/** Hands in what was stepped before, which is not counted, in portions as an actor's. */
function pushes(rollout: Rollout, uplink: Uplink, chunkLength: number): Turn {
  let steps = 0;
  return async (milliseconds) => {
    const total = { transitions: 0, cpuSeconds: 0, seconds: 0 };
    while (total.seconds * 1000 < milliseconds) {
      const portions = Array.from({ length: PORTIONS }, () => {
        // A round of full chunks.
        for (let round = 0; round < chunkLength; round++) steps += rollout.step() as number;
        return { chunks: rollout.takeChunks(), episodes: rollout.takeEpisodes(), steps };
      });
      const cost = await costOf(async () => {
        const before = uplink.acknowledged;
        for (const portion of portions) {
          uplink.push(portion.chunks, portion.episodes, portion.steps);
          await setImmediate();
        }
        await acknowledged(uplink);
        return uplink.acknowledged - before;
      });
      total.transitions += cost.transitions;
      total.cpuSeconds += cost.cpuSeconds;
      total.seconds += cost.seconds;
    }
    return total;
  };
}

/** All of it, as an actor's loop that no ratio holds up. */
function acts(rollout: Rollout, uplink: Uplink): Turn {
  const most = BUFFERED_CHUNKS_PER_SLOT * rollout.slots.length;
  let steps = 0;
  return (milliseconds) =>
    costOf(async () => {
      const before = uplink.acknowledged;
      for (const end = performance.now() + milliseconds; performance.now() < end; ) {
        uplink.check();
        if (uplink.chunks >= most) {
          uplink.refresh();
          await sleep(1);
          continue;
        }
        steps += slice(() => rollout.step() as number);
        uplink.push(rollout.takeChunks(), rollout.takeEpisodes(), steps);
        await setImmediate();
      }
      await acknowledged(uplink);
      return uplink.acknowledged - before;
    });
}

/** Waits until all that was pushed is in the replay. */
async function acknowledged(uplink: Uplink): Promise<void> {
  while (uplink.chunks > 0) {
    uplink.check();
    uplink.refresh();
    await sleep(1);
  }
}
