import type { Random } from '@qfleet/random';
import { pick } from '../draw.ts';
import type { TextPolicy } from '../text-environment.ts';
import { ENJOYED, GOODBYE, POLITE, QUESTIONS, RUDE, WAIT } from './agent-phrases.ts';
import { drawValue, LEAST_SLOTS, SLOTS_OF, type Slot } from './goal.ts';
import type { Kind } from './kinds.ts';
import { listen } from './listen.ts';
import { say } from './templates.ts';
import { sayBooking } from './understand.ts';

/** How a scripted agent errs: the chance of each mistake at a turn. */
export interface Manner {
  /** It asks for something that it knows. */
  readonly repeats: number;
  readonly waits: number;
  readonly rude: number;
  /** It does not take in what it hears, or takes in something else. */
  readonly mishears: number;
  /** It books as soon as it knows three slots, as many as each goal has: it is told what else is wanted. */
  readonly early: number;
  /** It ends the dialogue before anything is booked. */
  readonly givesUp: number;
}

const FAULTLESS: Manner = { repeats: 0, waits: 0, rude: 0, mishears: 0, early: 0, givesUp: 0 };

/** The four qualities of agents that the data are of, in equal parts. */
export const MANNERS: readonly Manner[] = [
  FAULTLESS,
  { repeats: 0.1, waits: 0.1, rude: 0.02, mishears: 0.05, early: 0.05, givesUp: 0 },
  { repeats: 0.2, waits: 0.2, rude: 0.1, mishears: 0.15, early: 0.15, givesUp: 0.02 },
  { repeats: 0.3, waits: 0.25, rude: 0.3, mishears: 0.3, early: 0.3, givesUp: 0.08 },
];

/** The bound: it hears what is said, and never sees the goal. To book early costs it less than to ask for all. */
export const boundAgent = (random: Random): TextPolicy =>
  scriptedAgent(() => ({ ...FAULTLESS, early: 1 }), random);

/**
 * An agent that fills slots with what it hears, asks for the next that it does not know, books, and says goodbye.
 *
 * @param mannerOf draws the mistakes that it makes in an episode.
 */
export function scriptedAgent(mannerOf: () => Manner, random: Random): TextPolicy {
  let manner = FAULTLESS;
  let kind: Kind | null = null;
  let known = new Map<Slot, string>();
  let any = new Set<Slot>();
  let asked: Slot | null = null;
  let booked = false;
  let proposed = false;
  const happens = (chance: number): boolean => chance > 0 && random.uniform() < chance;

  /** Takes in what is heard. */
  const hear = (text: string): void => {
    const heard = listen(text, asked);
    kind ??= heard.kind;
    if (proposed && heard.isRight) booked = true;
    if (heard.isAny && asked !== null && !heard.values.has(asked)) any.add(asked);
    for (const [slot, value] of heard.values) {
      if (!happens(manner.mishears)) known.set(slot, value);
      else if (happens(0.5)) known.set(slot, drawValue(slot, kind ?? 'table', 'training', random));
    }
  };

  const ask = (slot: Slot): string => {
    asked = slot;
    const isRude = happens(manner.rude);
    const before = isRude ? say(RUDE, {}, random) : random.uniform() < 0.3 ? say(POLITE, {}, random) : '';
    return before + say(pick(QUESTIONS[slot], random), {}, random);
  };

  return {
    reset() {
      manner = mannerOf();
      kind = null;
      known = new Map();
      any = new Set();
      asked = null;
      booked = false;
      proposed = false;
    },
    answer(text) {
      hear(text);
      if (booked || happens(manner.givesUp)) {
        return say(pick(GOODBYE, random), { thing: ENJOYED[kind ?? 'table'] }, random);
      }
      if (happens(manner.waits)) return say(pick(WAIT, random), {}, random);
      const slots = SLOTS_OF[kind ?? 'table'];
      const missing = slots.filter((slot) => !known.has(slot) && !any.has(slot));
      if (happens(manner.repeats) && missing.length < slots.length) {
        return ask(
          pick(
            slots.filter((slot) => !missing.includes(slot)),
            random,
          ),
        );
      }
      if (missing.length > 0 && !(happens(manner.early) && known.size >= LEAST_SLOTS)) return ask(missing[0]);
      asked = null;
      proposed = true;
      return sayBooking(kind ?? 'table', slots, Object.fromEntries(known));
    },
  };
}
