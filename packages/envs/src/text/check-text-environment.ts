import { Random } from '@qfleet/random';
import type { EnvironmentPlace } from '../errors.ts';
import { askLegal } from './ask-legal.ts';
import { createTextEnvironment } from './create-text-environment.ts';
import { boundEpisodes, generateEpisodes } from './play-episode.ts';
import { takeEpisode } from './take-episode.ts';
import type { TextDefinition, TextEnvironment, TextStep } from './text-environment.ts';

/** What a speaker of random legal tokens met in a text environment. */
export interface TextCheck {
  readonly id: string;
  readonly tokens: number;
  readonly context: number;
  /** Utterances that were said, and how many of them did not end by themselves. */
  readonly turns: number;
  readonly cut: number;
  /** Episodes that ended; their undiscounted returns on average, null where none ended. */
  readonly episodes: number;
  readonly meanReturn: number | null;
  /** The most tokens of an episode. */
  readonly longestEpisode: number;
  /** Sentences; none: it can be trained on. */
  readonly problems: readonly string[];
}

/** Turns that are played again, to see that they come out the same: alone, and beside another copy. */
const REPEATED_TURNS = 200;
/** Episodes of the generator and of the bound that are looked at. */
const SCRIPTED_EPISODES = 20;

/**
 * Says random utterances, of legal tokens where it is told what is legal. Beside what `createTextEnvironment` checks at each
 * turn: texts must survive encode and decode, what is legal must admit a token and let an utterance end, episodes must end, a
 * seed must give the same texts again, and so must two copies that speak alternately; data and bound must keep the rules.
 *
 * @param options `steps` is how many utterances to say.
 * @throws EnvironmentError where the environment breaks its contract; EnvironmentDefinitionError where its data do.
 */
export function checkTextEnvironment(
  definition: TextDefinition,
  { steps, seed }: { steps: number; seed: number },
): TextCheck {
  const { id, tokenizer, context, legal } = definition;
  const problems: string[] = [];
  const speaker = new Speaker(definition, seed, 0);
  for (let turn = 0; turn < steps; turn++) speaker.turn();
  speaker.close();
  const { cut, returns, lost } = speaker;
  if (lost !== null) problems.push(lost);
  if (legal !== undefined && cut > 0) {
    problems.push(
      `${cut} of ${steps} utterances did not end: within longestUtterance, ${definition.longestUtterance} tokens, legal must ` +
        `admit the token that ends one (${tokenizer.end}).`,
    );
  }
  if (returns.length === 0) {
    problems.push(`No episode ended in ${steps} turns: set maxTurns, or check for more steps.`);
  }
  problems.push(...repetitionProblems(definition, Math.min(steps, REPEATED_TURNS), seed));
  checkScripts(definition, seed);
  return {
    id,
    tokens: tokenizer.size,
    context,
    turns: steps,
    cut,
    episodes: returns.length,
    meanReturn: returns.length === 0 ? null : returns.reduce((sum, each) => sum + each, 0) / returns.length,
    longestEpisode: speaker.longestEpisode,
    problems,
  };
}

/** Whether the same seed says the same, alone and beside another copy. */
function repetitionProblems(definition: TextDefinition, turns: number, seed: number): string[] {
  const seeds = [seed, seed + 1];
  const alone = seeds.map((each) => heard(definition, turns, [each])[0]);
  if (heard(definition, turns, [seed])[0] !== alone[0]) {
    return [
      'The same seed gave other texts the second time: draw all that is random from the `random` of create, ' +
        'and keep all that changes within create.',
    ];
  }
  if (heard(definition, turns, seeds).every((each, copy) => each === alone[copy])) return [];
  return [
    'Two copies side by side gave other texts than each alone: they disturb each other. ' +
      'Keep all that changes within create: training speaks with many copies alternately.',
  ];
}

/** All that a copy for each seed says, as one text each; they speak alternately. */
function heard(definition: TextDefinition, turns: number, seeds: readonly number[]): string[] {
  const speakers = seeds.map((seed, copy) => new Speaker(definition, seed, copy));
  const said = speakers.map((): unknown[] => []);
  for (let turn = 0; turn < turns; turn++) {
    speakers.forEach((speaker, copy) => {
      said[copy].push(speaker.turn());
    });
  }
  for (const speaker of speakers) speaker.close();
  return said.map((each) => JSON.stringify(each));
}

/** Holds data and bound to the rules that files of data are held to. */
function checkScripts(definition: TextDefinition, seed: number): void {
  const { id, data, bound } = definition;
  if (data !== undefined) {
    for (const episode of generateEpisodes(definition, seed, SCRIPTED_EPISODES)) {
      takeEpisode(episode, definition, `Environment ${id}, data.generate`);
    }
  }
  if (bound === undefined) return;
  for (const episode of boundEpisodes(definition, seed, SCRIPTED_EPISODES)) {
    takeEpisode(episode, definition, `Environment ${id}, bound`);
  }
}

/** Says random utterances to one copy. */
class Speaker {
  cut = 0;
  longestEpisode = 0;
  /** The first text that did not survive encode and decode, as a sentence; null: none. */
  lost: string | null = null;
  readonly returns: number[] = [];
  readonly #definition: TextDefinition;
  readonly #environment: TextEnvironment;
  readonly #random: Random;
  readonly #copy: number;
  #episode = 0;
  #turn = 0;
  #return = 0;
  #tokens = 0;
  #open = false;

  constructor(definition: TextDefinition, seed: number, copy: number) {
    this.#definition = definition;
    this.#environment = createTextEnvironment(definition, new Random(Random.seed(seed, 'environment')), copy);
    this.#random = new Random(Random.seed(seed, 'actions'));
    this.#copy = copy;
  }

  /** Says one utterance, after a reset where no episode is open. What was heard. */
  turn(): readonly unknown[] {
    const first = this.#open ? null : this.#begin();
    this.#turn++;
    const tokens = this.#utterance();
    this.#tokens += tokens.length;
    const said = this.#definition.tokenizer.decode(
      tokens.at(-1) === this.#definition.tokenizer.end ? tokens.slice(0, -1) : tokens,
    );
    const answer: TextStep = this.#environment.step(said);
    this.#hear(answer.text);
    this.#return += answer.reward;
    this.longestEpisode = Math.max(this.longestEpisode, this.#tokens);
    this.#open = !answer.terminated && !answer.truncated;
    if (!this.#open) this.returns.push(this.#return);
    return [first, said, answer];
  }

  close(): void {
    this.#environment.close?.();
  }

  #begin(): string {
    this.#episode++;
    this.#turn = 0;
    this.#return = 0;
    this.#tokens = 0;
    const text = this.#environment.reset();
    this.#hear(text);
    return text;
  }

  #hear(text: string): void {
    const { tokenizer } = this.#definition;
    const tokens = tokenizer.encode(text);
    this.#tokens += tokens.length;
    if (this.lost !== null || tokenizer.decode(tokens) === text) return;
    this.lost =
      `Episode ${this.#episode}, turn ${this.#turn}: ${JSON.stringify(text)} came back as ` +
      `${JSON.stringify(tokenizer.decode(tokens))} from encode and decode: the agent would not see what is said.`;
  }

  /** Random tokens; of those that may come where that is told, else so many as drawn before the end. */
  #utterance(): number[] {
    const { tokenizer, longestUtterance } = this.#definition;
    const length = this.#random.integer(longestUtterance);
    const tokens: number[] = [];
    for (;;) {
      const legal = askLegal(this.#definition, tokens, this.#place);
      tokens.push(
        legal === null ? this.#anyToken(tokens.length === length) : legal[this.#random.integer(legal.length)],
      );
      if (tokens.at(-1) === tokenizer.end) return tokens;
      if (tokens.length === longestUtterance) break;
    }
    this.cut++;
    return tokens;
  }

  #anyToken(ends: boolean): number {
    const { size, end } = this.#definition.tokenizer;
    if (ends) return end;
    const token = this.#random.integer(size - 1);
    return token < end ? token : token + 1;
  }

  get #place(): EnvironmentPlace {
    return { environment: this.#definition.id, slot: this.#copy, episode: this.#episode, step: this.#turn };
  }
}
