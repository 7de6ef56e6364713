import type { Slot } from './goal.ts';
import type { Kind } from './kinds.ts';
import type { Template } from './templates.ts';

/** How an agent asks for a slot. */
export const QUESTIONS: Readonly<Record<Slot, readonly Template[]>> = {
  venue: ['[which place|what place|where] [would you like|should it be|do you have in mind]?'],
  day: ['[which day|what day] [would you like|should it be|is it for|suits you]?'],
  time: ['[what time|which time] [would you like|should it be|is it for|suits you]?'],
  people: ['how many people [are you|will you be|is it for|are there]?'],
  nights: ['how many nights [would you like|will you stay|is it for]?'],
  name: ['[what name|which name] [is it under|may i take|should it be]?', 'may i have your name?'],
};

/** What a polite agent says before it asks. */
export const POLITE: Template = '[of course|certainly|thank you|very well|with pleasure][.|!] ';

/** How a rude agent begins. */
export const RUDE: Template = '[hurry up|speak up|come on|get on with it]. ';

export const WAIT: readonly Template[] = ['[one moment|hold on|please wait][.|!]', 'one moment please.'];

export const GOODBYE: readonly Template[] = [
  '[goodbye|bye][|, and thank you|, have a nice day|, enjoy your {thing}].',
  'thank you, goodbye.',
];

/** What is enjoyed of a booking. */
export const ENJOYED: Readonly<Record<Kind, string>> = { table: 'meal', room: 'stay', train: 'journey' };

/** What a booking begins with; `kind`, then each slot and its value follow. */
export const BOOK = 'book';
