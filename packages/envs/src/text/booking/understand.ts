import { BOOK } from './agent-phrases.ts';
import { SLOTS, type Slot, type Values } from './goal.ts';
import { KINDS, type Kind } from './kinds.ts';

/** What a customer understands of an agent's utterance. */
export type Act =
  | { readonly act: 'ask'; readonly slot: Slot }
  | { readonly act: 'book'; readonly kind: Kind; readonly values: Values }
  | { readonly act: 'wait' | 'goodbye' | 'unclear' };

export interface Understood {
  readonly act: Act;
  readonly rude: boolean;
}

/** Words that a question for each slot has; the first slot that is asked for counts. */
const ASKED: Readonly<Record<Slot, RegExp>> = {
  venue: /\b(place|where|restaurant|hotel|station)\b/,
  day: /\b(day|date|when)\b/,
  time: /\b(time|hour|o'clock)\b/,
  people: /\b(how many (people|of you|guests|tickets|seats)|people)\b/,
  nights: /\b(nights|how long)\b/,
  name: /\bname\b/,
};

const RUDENESS = /\b(hurry|speak up|come on|get on with it|stupid|shut up)\b/;
const WAITING = /\b(moment|hold|wait)\b/;
const BOOKING = new RegExp(`\\b${BOOK} (${KINDS.join('|')})\\b:?(.*)$`, 's');
const FAREWELL = /\b(goodbye|bye)\b/;

/** A booking is `book KIND: SLOT VALUE; SLOT VALUE`; all else is understood by its words. */
export function understand(utterance: string): Understood {
  const rude = RUDENESS.test(utterance);
  const booking = BOOKING.exec(utterance);
  if (booking !== null) {
    return { act: { act: 'book', kind: booking[1] as Kind, values: slotsIn(booking[2]) }, rude };
  }
  const asked = SLOTS.map((slot) => ({ slot, at: utterance.search(ASKED[slot]) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at);
  if (asked.length > 0 && utterance.includes('?')) return { act: { act: 'ask', slot: asked[0].slot }, rude };
  if (FAREWELL.test(utterance)) return { act: { act: 'goodbye' }, rude };
  return { act: { act: WAITING.test(utterance) ? 'wait' : 'unclear' }, rude };
}

/** The values that a booking says, the first of each slot. */
function slotsIn(text: string): Values {
  const values: Partial<Record<Slot, string>> = {};
  for (const part of text.split(';')) {
    const [, name, value] = /^\s*(\w+)\s+(.*?)[\s.]*$/.exec(part) ?? [];
    const slot = SLOTS.find((each) => each === name);
    if (slot !== undefined && value !== undefined) values[slot] ??= value;
  }
  return values;
}

/** A booking as an agent says it. */
export const sayBooking = (kind: Kind, slots: readonly Slot[], values: Values): string =>
  `${BOOK} ${kind}: ${slots
    .filter((slot) => values[slot] !== undefined)
    .map((slot) => `${slot} ${values[slot]}`)
    .join('; ')}.`;
