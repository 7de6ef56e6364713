import type { ContestantCommand } from '../contest/contestant.ts';

/** A program with its arguments. */
export type ProgramCall = Pick<ContestantCommand, 'program' | 'args'>;

/** Another library that generates from a decoder of Hugging Face's format. */
export interface LanguagePeer {
  /** With its version. */
  readonly name: string;
  /** A contestant that generates so many tokens for each of some dialogues, from a token each. */
  generation(directory: string, dialogues: number, tokens: number): ContestantCommand;
  /** A contestant that trains on rows of so many tokens, by cross-entropy and AdamW. */
  training(directory: string, rows: number, length: number): ContestantCommand;
  /** A program that loads a decoder, generates a token and prints the most bytes of memory that took. */
  start(directory: string): ProgramCall;
}
