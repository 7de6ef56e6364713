import type { Random } from '@qfleet/random';
import { pick, shuffled } from '../draw.ts';
import { KINDS, type Kind } from './kinds.ts';
import { type Customers, drawName, drawVenue } from './names.ts';

/** What a booking says. */
export const SLOTS = ['venue', 'day', 'time', 'people', 'nights', 'name'] as const;
export type Slot = (typeof SLOTS)[number];

/** The slots of each kind. */
export const SLOTS_OF: Readonly<Record<Kind, readonly Slot[]>> = {
  table: ['venue', 'day', 'time', 'people', 'name'],
  room: ['venue', 'day', 'nights', 'people', 'name'],
  train: ['venue', 'day', 'time', 'people', 'name'],
};

export const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const TIMES = ['10 am', '11 am', '12 pm', ...Array.from({ length: 9 }, (_, i) => `${i + 1} pm`)];
/** The most people, and the most nights. */
const MOST_PEOPLE = 8;
const MOST_NIGHTS = 7;

/** Values by slot; a slot without one does not matter. */
export type Values = Readonly<Partial<Record<Slot, string>>>;

/** What a customer wants: three to five slots, the venue and the day among them. */
export interface Goal {
  readonly kind: Kind;
  readonly values: Values;
}

/** The slots that each goal has at least. */
export const LEAST_SLOTS = 3;

export function drawGoal(customers: Customers, random: Random): Goal {
  const kind = pick(KINDS, random);
  const others = shuffled(SLOTS_OF[kind].slice(2), random).slice(0, LEAST_SLOTS - 2 + random.integer(3));
  const chosen = SLOTS_OF[kind].filter((slot, i) => i < 2 || others.includes(slot));
  const values = chosen.map((slot) => [slot, drawValue(slot, kind, customers, random)] as const);
  return { kind, values: Object.fromEntries(values) };
}

export function drawValue(slot: Slot, kind: Kind, customers: Customers, random: Random): string {
  switch (slot) {
    case 'venue':
      return drawVenue(kind, customers, random);
    case 'day':
      return pick(DAYS, random);
    case 'time':
      return pick(TIMES, random);
    case 'people':
      return String(1 + random.integer(MOST_PEOPLE));
    case 'nights':
      return String(1 + random.integer(MOST_NIGHTS));
    case 'name':
      return drawName(customers, random);
  }
}
