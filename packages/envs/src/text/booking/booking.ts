import type { Random } from '@qfleet/random';
import { pick } from '../draw.ts';
import { playEpisode } from '../play-episode.ts';
import type { KnownReturns, TextDefinition, TextEnvironment } from '../text-environment.ts';
import { boundAgent, MANNERS, scriptedAgent } from './agent.ts';
import { Customer } from './customer.ts';
import type { Customers } from './names.ts';
import { bookingVocabulary } from './vocabulary.ts';

/** Mean returns of the four qualities of agents together, and of the bound; both of 100,000 episodes, standard errors 0.022 and 0.006. */
const KNOWN: KnownReturns = { data: -1.4, bound: 5.53 };

/**
 * `text/booking`: book a table, a room or a train for a customer who has a goal of three to five slots, a mood and patience, and who
 * changes his mind, answers sideways and misspells.
 */
export function booking(id: string, { customers }: { customers: Customers }): TextDefinition {
  const create = (random: Random): TextEnvironment => {
    const customer = new Customer(customers, random);
    return {
      reset: () => customer.begin(),
      step: (utterance) => ({ ...customer.hear(utterance), truncated: false }),
    };
  };
  return {
    kind: 'text',
    id,
    native: true,
    summary: 'Book a table, a room or a train for a customer with a mood.',
    tokenizer: bookingVocabulary(),
    context: 512,
    history: null,
    longestUtterance: 32,
    maxTurns: null,
    starts: null,
    returns: [-18, 9],
    known: KNOWN,
    data: {
      episodes: 20_000,
      generate: (random) =>
        playEpisode(
          create(random),
          scriptedAgent(() => pick(MANNERS, random), random),
        ),
    },
    bound: boundAgent,
    create,
  };
}
