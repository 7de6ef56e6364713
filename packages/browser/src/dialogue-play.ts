import {
  checkAgentParameters,
  createGeneration,
  type JudgedToken,
  type NamedTensors,
  TokenJudge,
  tokenSelector,
  verdictOf,
} from '@qfleet/agents';
import { beginsWithModel, type TokenQRunConfig } from '@qfleet/config';
import {
  EnvironmentDefinitionError,
  findTextEnvironment,
  GrowingText,
  nameToken,
  type Speaker,
  type TextDefinition,
  utteranceProblem,
} from '@qfleet/envs';
import { beginDialogue, type DialogueSlot, type Exchange, textLayout, Voices } from '@qfleet/rollout';

/** A token of the agent's side, and what the agent made of it, for people. */
export interface SaidToken extends Pick<JudgedToken, 'q' | 'v' | 'advantage'> {
  /** What it adds to the text. */
  readonly text: string;
  /** Its own text in quotes, or `end`. */
  readonly name: string;
  /** Whether it is better than the text before it was worth. */
  readonly verdict: 'better' | 'worse' | 'neither';
  /** The likeliest others by the agent's policy. */
  readonly others: readonly { readonly name: string; readonly q: number | null }[];
}

/** One text of a dialogue. */
export interface DialogueTurn {
  readonly who: Speaker;
  /** As far as it is said. */
  readonly text: string;
  /** Those of the agent's side; of the environment's there are none. */
  readonly tokens: readonly SaidToken[];
  /** What the utterance was rewarded with; null: it goes on, or is the environment's. */
  readonly reward: number | null;
  /** Whether a person said it, or a part of it. */
  readonly byPerson: boolean;
}

/** The agent's utterance while it goes on. */
interface OpenTurn {
  readonly tokens: number[];
  readonly said: SaidToken[];
  readonly text: GrowingText;
  byPerson: boolean;
}

/**
 * The agent of a run in dialogue with its environment, a token at a time: the same code as the run's actors have, and tokens
 * chosen as its evaluations choose them. Episode i of a seed is that of `qfleet eval`, unless a person says something.
 *
 * @example
 * const { readFileSync } = await import('node:fs'); // in a page: fetch
 * const file = (name: string) => readFileSync(`runs/walks/${name}`);
 * const config = parseRunConfig(file('config.yaml').toString(), 'config.yaml');
 * if (!speaks(config)) throw new Error('The agent of this run acts without a word.');
 * const play = DialoguePlay.create(config);
 * play.load(readWeights(file('checkpoints/best.safetensors')));
 * play.reset(1);
 * while (!play.isOver) play.step(); // a token; play.turns is the dialogue so far, with each token's Q and V
 * play.turns[0]?.who === 'environment'; // → true
 */
export class DialoguePlay {
  readonly definition: TextDefinition;
  readonly #config: TokenQRunConfig;
  readonly #voices: Voices;
  readonly #judge: TokenJudge;
  #slot: DialogueSlot | null = null;
  /** What came of the last utterance. */
  #ended: Exchange['end'] = 'terminated';
  #version = 0;
  #turns: DialogueTurn[] = [];
  #open: OpenTurn | null = null;
  /** A person's token, which is taken in place of the agent's; −1: there is none. */
  #given = -1;

  private constructor(config: TokenQRunConfig, definition: TextDefinition) {
    this.definition = definition;
    this.#config = config;
    this.#judge = new TokenJudge(config.agent, config.agent.decode);
    this.#voices = new Voices((tensors) =>
      createGeneration(config.agent, textLayout(definition), tensors, 1),
    );
  }

  /**
   * Sets an agent that speaks up, before its first weights.
   *
   * @param own the environment where it is that of a module. Default: the native one of the configuration.
   * @throws EnvironmentDefinitionError where there is no such environment, or the agent began with a given language model.
   */
  static create(config: TokenQRunConfig, own?: TextDefinition): DialoguePlay {
    const { id, options, module } = config.environment;
    if (beginsWithModel(config))
      throw new EnvironmentDefinitionError(
        `The agent of ${id} began with a given language model, whose tokenizer is not to be had here.`,
      );
    if (own === undefined && module !== undefined)
      throw new EnvironmentDefinitionError(
        `Environment ${id} is that of a module, ${module}: give its definition.`,
      );
    return new DialoguePlay(config, own ?? findTextEnvironment(id, options));
  }

  /** Whether the agent has values; one that learned the language model alone has none. */
  get hasValues(): boolean {
    return this.#config.agent.objective.kind !== 'sft';
  }

  /** Whether the episode has ended; true before the first. */
  get isOver(): boolean {
    return this.#ended !== 'continues';
  }

  /** Whether no utterance of the agent's side is half said. */
  get isBetween(): boolean {
    return this.#open === null;
  }

  /** The sum of the episode's rewards. */
  get sum(): number {
    return this.#turns.reduce((sum, { reward }) => sum + (reward ?? 0), 0);
  }

  /** The episode's texts so far, the one that is being said included. */
  get turns(): readonly DialogueTurn[] {
    return this.#open === null ? this.#turns : [...this.#turns, shownTurn(this.#open, null)];
  }

  /**
   * Takes up weights, which the next utterance is spoken with.
   *
   * @throws Error where they are not those of this agent: it keeps those that it has.
   */
  load(tensors: NamedTensors): void {
    checkAgentParameters({ config: this.#config.agent, spec: textLayout(this.definition) }, tensors);
    this.#voices.load(tensors, ++this.#version);
  }

  /**
   * Begins episode `episode` of a seed.
   *
   * @throws EnvironmentError where the environment's own code fails.
   */
  reset(seed: number, episode = 0): void {
    this.#slot?.close();
    this.#slot = null;
    this.#ended = 'terminated';
    this.#turns = [];
    this.#open = null;
    const { agent } = this.#config;
    const { slot, first } = beginDialogue(
      {
        ...{ definition: this.definition, voices: this.#voices, seed },
        select: (random) => {
          const own = tokenSelector(agent, { decode: agent.decode, random });
          return this.#judge.judging((outputs, legal) =>
            this.#given < 0 ? own(outputs, legal) : this.#given,
          );
        },
      },
      episode,
    );
    this.#slot = slot;
    this.#ended = 'continues';
    this.#hear(first);
  }

  /**
   * Says the agent's next token.
   *
   * @throws EnvironmentError where the environment's own code fails; Error where the episode is over.
   */
  step(): void {
    this.#say(-1);
  }

  /**
   * Says the rest of an utterance in the agent's place: all of it, where nothing of it is said yet.
   *
   * @throws RangeError, in one sentence, for what is not legal: nothing of it is said.
   * @throws EnvironmentError where the environment's own code fails; Error where the episode is over.
   */
  say(text: string): void {
    const { tokenizer } = this.definition;
    const said = this.#open?.tokens ?? [];
    let tokens: number[];
    try {
      tokens = [...tokenizer.encode(text), tokenizer.end];
    } catch (error) {
      throw new RangeError(
        `That can't be said: ${(error as Error).message}, of the tokens of ${this.definition.id}.`,
      );
    }
    const whole = [...said, ...tokens];
    const problem = utteranceProblem(tokenizer.decode(whole.slice(0, -1)), whole, this.definition);
    if (problem !== null) throw new RangeError(`That can't be said: ${problem}`);
    for (const token of tokens) this.#say(token);
  }

  /** @param given a person's token; −1: the agent chooses. */
  #say(given: number): void {
    if (this.#slot === null || this.isOver) throw new Error('The episode is over: reset begins another.');
    const { tokenizer } = this.definition;
    this.#given = given;
    this.#voices.step((_, token) => {
      this.#open ??= { tokens: [], said: [], text: new GrowingText(tokenizer), byPerson: false };
      const open = this.#open;
      open.tokens.push(token);
      open.byPerson ||= given >= 0;
      open.said.push(this.#shown(this.#judge.judged(token), open.text.add(token)));
      const exchange = this.#slot!.take(token);
      if (exchange !== null) this.#close(open, exchange);
    });
  }

  #close(open: OpenTurn, { reward, answer, end }: Exchange): void {
    this.#turns.push(shownTurn(open, reward));
    this.#open = null;
    this.#ended = end;
    if (answer.length > 0) this.#hear(answer);
  }

  #hear(tokens: readonly number[]): void {
    const text = this.definition.tokenizer.decode(tokens);
    this.#turns.push({ who: 'environment', text, tokens: [], reward: null, byPerson: false });
  }

  #shown(token: JudgedToken, text: string): SaidToken {
    const { q, v, advantage, others } = token;
    const name = (each: number): string => nameToken(this.definition.tokenizer, each);
    return {
      ...{ q, v, advantage, text, name: name(token.token), verdict: verdictOf(token) },
      others: others.map((each) => ({ name: name(each.token), q: each.q })),
    };
  }
}

const shownTurn = ({ said, byPerson }: OpenTurn, reward: number | null): DialogueTurn => ({
  ...{ who: 'agent', tokens: [...said], reward, byPerson },
  text: said.map(({ text }) => text).join(''),
});
