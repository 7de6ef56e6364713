import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@qfleet/random';
import { it } from 'vitest';
import { FaultyFleet, type FaultyFleetOptions } from './fleet.ts';

/** Set by `npm run test:soak`. */
export const soak = process.env['QFLEET_SOAK'] === '1';

const seed = Number(process.env['QFLEET_FAULTS_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const FIRST_MS = 200;
const LAST_MS = 1_500;

export interface Fault extends FaultyFleetOptions {
  /** How often it comes in `npm test`; in the soak eight times that. */
  readonly rounds?: number;
  /** One fault, and what must hold after it. */
  readonly strike: (fleet: FaultyFleet, random: Random) => Promise<void>;
}

/** A test: a fleet trains, is struck at random moments, goes on each time, reaches its goal, and its books balance. */
export function fault(name: string, { rounds = 2, strike, ...options }: Fault): void {
  const count = soak ? 8 * rounds : rounds;
  it(name, { timeout: 120_000 + count * 60_000 }, async () => {
    console.info(`Moments of "${name}": repeat them with QFLEET_FAULTS_SEED=${seed}.`);
    const random = new Random(Random.seed(seed, name));
    await using fleet = await FaultyFleet.start(options);
    for (let round = 0; round < count; round++) {
      await sleep(FIRST_MS + random.integer(LAST_MS - FIRST_MS));
      await strike(fleet, random);
      await fleet.progress();
    }
    await fleet.reachGoal();
  });
}
