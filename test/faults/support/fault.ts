import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@qfleet/random';
import { it } from 'vitest';
import { FaultyFleet, type FaultyFleetOptions } from './fleet.ts';

/** Set by `npm run test:soak`. */
export const soak = process.env['QFLEET_SOAK'] === '1';

const seed = Number(process.env['QFLEET_FAULTS_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
const FIRST_MS = 200;
const LAST_MS = 1_500;

type Strike = (fleet: FaultyFleet, random: Random) => Promise<void>;

export interface Faults extends FaultyFleetOptions {
  /** How often each comes in `npm test`; in the soak eight times that. */
  readonly rounds?: number;
  /** Each one fault, by its name, and what must hold after it. */
  readonly strikes: Readonly<Record<string, Strike>>;
}

/**
 * A test: a fleet trains, is struck at random moments by faults in random order, goes on each time, reaches its goal,
 * and its books balance.
 */
export function faults(name: string, { rounds = 1, strikes, ...options }: Faults): void {
  const count = (soak ? 8 : 1) * rounds * Object.keys(strikes).length;
  it(name, { timeout: 120_000 + count * 60_000 }, async () => {
    const random = new Random(Random.seed(seed, name));
    const order = shuffled(Object.keys(strikes), count, random);
    console.info(`${order.join(', ')}: repeat it with QFLEET_FAULTS_SEED=${seed}.`);
    await using fleet = await FaultyFleet.start(options);
    for (const strike of order) {
      await sleep(FIRST_MS + random.integer(LAST_MS - FIRST_MS));
      await strikes[strike](fleet, random);
      await fleet.progress();
    }
    await fleet.reachGoal();
  });
}

/** `count` names, each as often as the others. */
function shuffled(names: readonly string[], count: number, random: Random): string[] {
  const order = Array.from({ length: count }, (_, i) => names[i % names.length]);
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
