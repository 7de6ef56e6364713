import { setTimeout as sleep } from 'node:timers/promises';
import { fleetKeys } from '@qfleet/fleet';
import { ChunkError, encodeChunk, type Layout, type SealedChunk } from '@qfleet/replay';
import { expect } from 'vitest';
import { faults } from './support/fault.ts';
import { type FaultyFleet, RUN, within } from './support/fleet.ts';

/** Every actor says at least once in it how far it is. */
const BEATS_MS = 1_500;

/** Two steps of one who is no actor of this fleet. */
function chunkFor(layout: Layout, sequence: number): SealedChunk {
  return encodeChunk(
    {
      writer: 'vandal',
      sequence,
      slot: 99,
      episode: sequence,
      offset: 0,
      length: 2,
      end: 'truncated',
      episodeReturn: -2,
      epsilon: 1,
      weightsVersion: 1,
      observations: Int32Array.of(36, 24, 12),
      actions: Int32Array.of(0, 0),
      rewards: Float32Array.of(-1, -1),
      priorities: null,
    },
    layout,
  );
}

/** With weights `ahead` versions newer than the last whole ones, of which only the first half is there. */
async function withTornWeights(
  fleet: FaultyFleet,
  ahead: number,
  look: (version: number) => Promise<void>,
): Promise<void> {
  const { weights } = fleetKeys(RUN);
  fleet.signal('learner-0', 'SIGSTOP');
  // A publication of the learner that stands still now may still be in flight.
  let version = 0;
  const areThere = async (): Promise<boolean> => {
    version = Number(await fleet.redis.hget(weights, 'version'));
    return (await fleet.state())!.actors.every((actor) => actor.weightsVersion === version);
  };
  await expect.poll(areThere, within).toBe(true);
  const blob = (await fleet.redis.hgetBuffer(weights, 'blob'))!;
  await fleet.redis.hset(weights, 'version', version + ahead, 'blob', blob.subarray(0, blob.length / 2));
  try {
    await look(version);
  } finally {
    await fleet.redis.hset(weights, 'version', version, 'blob', blob);
    fleet.signal('learner-0', 'SIGCONT');
  }
}

let sequence = 0;

faults('garbage comes', {
  fleet: 'fleet: { slots: 8, slotsPerLease: 2, slotsPerActor: 4, maxStaleness: 50 }',
  strikes: {
    'a chunk with a flipped bit is refused, counted, and never trained on': async (fleet, random) => {
      const replay = await fleet.replay();
      const bytes = chunkFor(replay.layout, sequence++);
      // Behind the header that the replay reads itself.
      bytes[80 + random.integer(bytes.length - 80)] ^= 1 << random.integer(8);
      const { chunksRefused } = (await fleet.state())!.totals;
      expect(await replay.append([bytes])).toMatchObject({ stored: 1 });
      await fleet.until(({ totals }) => totals.chunksRefused === chunksRefused + 1, 'it is refused');
    },
    'a chunk of another layout or format is refused at the door': async (fleet) => {
      const replay = await fleet.replay();
      const { newest } = await replay.standing();
      const before = (await fleet.state())!.totals;
      const foreign = chunkFor({ ...replay.layout, actions: 7 }, 0);
      await expect(replay.append([foreign])).rejects.toThrow(/another layout than this replay/);
      const old = chunkFor(replay.layout, 0);
      old[4] = 0;
      await expect(replay.append([old])).rejects.toThrow(ChunkError);
      const torn = chunkFor(replay.layout, 0).subarray(0, 50) as SealedChunk;
      await expect(replay.append([torn])).rejects.toThrow(ChunkError);
      expect((await fleet.state())!.totals).toMatchObject({
        chunksRefused: before.chunksRefused + 1,
        chunksRefusedFormat: before.chunksRefusedFormat + 1,
        chunksRefusedLayout: before.chunksRefusedLayout + 1,
      });
      const since = await replay.fetch([newest + 1, newest + 2, newest + 3]);
      for (const bytes of since) expect(Buffer.from(bytes ?? []).toString('latin1')).not.toContain('vandal');
    },
    'an actor of another schema cannot join, and is counted': async (fleet) => {
      const { processesRefused } = (await fleet.state())!.totals;
      const { code, stderr } = await fleet.run('actor', { PACED_CLIFF_ACTIONS: '5' });
      expect(stderr).toMatch(/The replay .* holds .* with 4 actions, not .* with 5 actions/);
      expect(code).toBe(1);
      await fleet.until(({ totals }) => totals.processesRefused === processesRefused + 1, 'it is counted');
    },
    'a weights blob that is cut short is refused and counted; an actor that is too stale waits': async (
      fleet,
    ) => {
      const { weightsRefused } = (await fleet.state())!.totals;
      await withTornWeights(fleet, 1, async (version) => {
        const state = await fleet.until(
          ({ totals }) => totals.weightsRefused === weightsRefused + 2,
          'both actors refuse it',
        );
        expect(state.actors.map((actor) => actor.weightsVersion)).toEqual([version, version]);
      });
      await fleet.progress();
      await withTornWeights(fleet, 51, async () => {
        const wait = (await fleet.state())!.totals.actorWaitWeightsSeconds;
        await fleet.until(({ totals }) => totals.actorWaitWeightsSeconds > wait + 1, 'they wait');
        const steps = async () => (await fleet.state())!.totals.environmentSteps;
        const stepsOfAWhile = async () => {
          const before = await steps();
          await sleep(BEATS_MS);
          return (await steps()) - before;
        };
        await expect.poll(stepsOfAWhile, within).toBe(0);
        // Nor is it the ratio that holds them: this gives room for thousands of steps.
        const fence = Number(await fleet.redis.get(fleetKeys(RUN).fence));
        await (await fleet.replay()).recordSampled(10_000, fence);
        expect(await stepsOfAWhile()).toBe(0);
      });
    },
  },
});
