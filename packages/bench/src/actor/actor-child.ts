import { actorCases } from './cases.ts';
import type { Cost } from './cost.ts';
import { makeParts, type Parts } from './parts.ts';

/** What `actor-child` is told, as JSON in its one argument. */
export interface ActorChildOptions {
  /** The place of the case among `actorCases`. */
  readonly place: number;
  readonly url: string;
  readonly run: string;
  /** The costs of each contestant, all rounds together. */
  readonly milliseconds: number;
  readonly rounds: number;
}

/** What it writes, as JSON: each contestant's rounds. */
export type ActorChildAnswer = Readonly<Record<keyof Parts['turns'], readonly Cost[]>>;

// A program: an actor and its parts, which take turns.
const { place, url, run, milliseconds, rounds } = JSON.parse(process.argv[2]) as ActorChildOptions;
const { turns, close } = await makeParts(actorCases[place], url, run);
const costs = { environment: [], policy: [], push: [], actor: [] } satisfies ActorChildAnswer as Record<
  keyof ActorChildAnswer,
  Cost[]
>;
for (let round = -Math.ceil(rounds / 2); round < rounds; round++) {
  for (const name of Object.keys(costs) as (keyof ActorChildAnswer)[]) {
    const cost = await turns[name](milliseconds / rounds);
    // Rounds before 0 are the warm-up.
    if (round >= 0) costs[name].push(cost);
  }
}
close();
process.stdout.write(JSON.stringify(costs));
