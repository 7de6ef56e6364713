import type { Slot } from './goal.ts';
import type { Template } from './templates.ts';

/** What is booked, as a customer calls it. */
export const THINGS = {
  table: '[a table|a table|dinner]',
  room: '[a room|a room|a bed]',
  train: '[a train|a train ticket|a seat on a train]',
};

/** How a customer begins; `thing` and the first things that he tells follow. */
export const OPENINGS: readonly Template[] = [
  "[hi|hello|good day|good morning|hey][,|!] [i'd like|i want|i need|i would love] to [book|get|reserve] {thing}{told}.",
  '[hi|hello|hey][,|!] [can|could] [you|i] [book|get|reserve] {thing}{told}[|, please]?',
  "[|hello, ][i'm looking for|we need|i am after] {thing}{told}[|, if i may|, please].",
  '[|hey, ]{thing}{told}, please.',
];

/** A slot beside others, after a comma or nothing. */
export const BESIDE: Readonly<Record<Slot, Template>> = {
  venue: '[ at| in] {value}',
  day: '[ on| for] {value}',
  time: '[ at| around] {value}',
  people: '[ for {value} people| for {value}| for a party of {value}]',
  nights: ' for {value} nights',
  name: ' under the name {value}',
};

/** The venue of a train is where it goes. */
export const BESIDE_TRAIN: Template = '[ to| going to] {value}';

/** A slot by itself, as an answer. */
export const ANSWERS: Readonly<Record<Slot, readonly Template[]>> = {
  venue: [
    '[|well, |oh, ][it should be|let us say|i thought of|i want] {value}[|, please].',
    '{value}[|, please|, of course|, if you can].',
  ],
  day: [
    "[|well, |oh, ][on|it's|it is|that would be|make it] {value}[|, please|, if you can].",
    "{value}[|, please|, i think|, if that's fine].",
  ],
  time: [
    "[|well, |oh, ][at|around|it's|make it] {value}[|, please|, if you can].",
    "{value}[|, please|, i think|, if that's fine].",
  ],
  people: [
    "[|well, |oh, ][there are|we are|we'll be|make it] {value}[| of us][|, please].",
    "[|just ]{value}[| people][|, please|, i think|, if that's fine].",
  ],
  nights: [
    '[|well, |oh, ][for|we stay|i stay|make it] {value} nights[|, please].',
    "[|just ]{value}[| nights][|, please|, i think|, if that's fine].",
  ],
  name: [
    "[|well, |oh, ][it's|my name is|the name is|put it under|i'm called] {value}[|, please].",
    '{value}[|, please|, of course].',
  ],
};

/** The slot that is asked for does not matter. */
export const ANY: readonly Template[] = [
  "[|oh, |well, ][i don't mind|any is fine|no preference|it does not matter|up to you|whatever suits you][|, really|, thanks].",
];

/** Answers that do not answer. */
export const SIDEWAYS: readonly Template[] = [
  '[hm|well|oh], [good question|let me think|what do you have|what would you say|is it raining there]?',
  '[sorry|wait], [my dog is barking|the line is bad|i was not listening|somebody is at the door][|, what was that|, say again].',
];

/** He tells something else than what was asked for. */
export const SIDESTEP: Template =
  '[first of all|before that|well|one more thing], it [has|needs] to be{told}.';

/** A change of mind. */
export const CHANGES: readonly Template[] = [
  '[actually|sorry|wait|oh no], [i changed my mind|there is a change|something came up]: {told} [instead|now|after all].',
  '[|wait, ]can we change that? {told} [instead|after all].',
];

/** A booking is not what he wants: he tells one slot that is wrong. */
export const WRONG: readonly Template[] = [
  "[no|that's wrong|that's not right|not quite], it [should|has to|must] be{told}.",
  '[no|sorry|hm], i [need|want|said] it{told}.',
];

export const RIGHT: readonly Template[] = [
  '[perfect|great|wonderful|lovely|excellent][,|!] [thank you|thanks|many thanks][|, that is all|, that was all].',
  "[that's right|yes, that's it|good], [thank you|thanks][|, that is all].",
];

export const UNCLEAR: readonly Template[] = [
  "[sorry|hm|excuse me], [what do you mean|i don't follow|what|i did not get that]?",
];

/** He is kept waiting, asked again, or talked down to. */
export const GRUMBLES: readonly Template[] = [
  '[again|as i said|i told you|do you listen]: ',
  '[how long will this take|come on|not again|really]? ',
  '[that is rude|no need for that|watch your tone]. ',
];

export const WAITING: readonly Template[] = [
  '[all right|fine|hm], i am waiting.',
  '[|well, ][how long|what now]?',
];

export const LEAVING: readonly Template[] = [
  "[i've had enough|that's enough|forget it|i'll call somebody else|i give up][.|!]",
];

export const FAREWELLS = {
  good: ['[bye|goodbye|see you][, and thanks|, thank you|][.|!]', '[have a nice day|all the best][.|!]'],
  bad: ['[at last|finally]. [bye|goodbye].', '[hm|well], bye.'],
} as const satisfies Record<string, readonly Template[]>;
