import { actorCases } from './cases.ts';
import type { Cost } from './cost.ts';
import { makeParts, type Parts } from './parts.ts';

/** What `actor-child` is told, as JSON in its one argument. */
export interface ActorChildOptions {
  /** The place of the case among `actorCases`. */
  readonly place: number;
  readonly url: string;
  readonly run: string;
  /** Of each contestant, all rounds together. */
  readonly milliseconds: number;
}

/** What it writes, as JSON: each contestant's rounds. */
export type ActorChildAnswer = Readonly<Record<keyof Parts['turns'], readonly Cost[]>>;

const ROUNDS = 10;

// A program: an actor and its parts, which take turns.
const { place, url, run, milliseconds } = JSON.parse(process.argv[2]) as ActorChildOptions;
const { turns, close } = await makeParts(actorCases[place], url, run);
const costs = { environment: [], policy: [], push: [], actor: [] } satisfies ActorChildAnswer as Record<
  keyof ActorChildAnswer,
  Cost[]
>;
for (let round = -ROUNDS / 2; round < ROUNDS; round++) {
  for (const name of Object.keys(costs) as (keyof ActorChildAnswer)[]) {
    const cost = await turns[name](milliseconds / ROUNDS);
    // Rounds before 0 are the warm-up.
    if (round >= 0) costs[name].push(cost);
  }
}
close();
process.stdout.write(JSON.stringify(costs));
