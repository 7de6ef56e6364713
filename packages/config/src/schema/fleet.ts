import { z } from 'zod';
import { count } from './numbers.ts';

/** The processes of a run, and the environments that they share. */
export const fleet = z
  .strictObject({
    actors: z.int().min(1).max(1_024).default(2).describe('actor processes that `qfleet train` starts'),
    slots: z
      .int()
      .min(1)
      .max(65_536)
      .default(16)
      .describe(
        'environments of the whole run: more than the actors hold leave room for further ones; with agent.kind pqn, agent.copies in its place',
      ),
    slotsPerLease: count.default(2).describe('slots that are taken, and lost, together'),
    slotsPerActor: count
      .default(4)
      .describe('slots that one actor holds at most; with agent.kind pqn, an even share of them or more'),
    roundPatience: z
      .number()
      .positive()
      .max(86_400)
      .default(5)
      .describe(
        'of agent.kind pqn: seconds from the first slot of a round until it is learned from without those that are missing',
      ),
    maxStaleness: count.default(500).describe('weights versions an actor may lag before it waits'),
  })
  .prefault({});
