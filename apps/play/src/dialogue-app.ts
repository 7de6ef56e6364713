import type { DialoguePlay, DialogueTurn, NamedTensors } from '@qfleet/browser';
import { Controls } from './controls.ts';
import { DialoguePlayer } from './dialogue-player.ts';
import { RunPanel } from './run/run-panel.ts';
import type { RunSource } from './run/source.ts';
import { DialogueView, speakerOf } from './view/dialogue-view.ts';
import { announce, element, shown } from './view/elements.ts';
import { listEpisode } from './view/played-view.ts';
import { TokensView } from './view/tokens-view.ts';

/** What the page of an agent is made of that speaks. */
export interface DialogueAppParts {
  readonly source: RunSource;
  readonly play: DialoguePlay;
  readonly readWeights: (bytes: Uint8Array) => NamedTensors;
  /** Shows what is wrong, in one sentence. */
  readonly fail: (error: unknown) => void;
}

/** Tokens a second at which a dialogue is pleasant to read. */
const PACE = 6;
/** Tokens a second up to which what is said is told to those who do not see the page. */
const HEARD = 12;

/** The page of an agent that speaks: its dialogue with the environment, and what it makes of each token. */
export class DialogueApp {
  readonly #play: DialoguePlay;
  readonly #player: DialoguePlayer;
  readonly #view: DialogueView;
  readonly #tokens: TokensView | null;
  readonly #panel: RunPanel;
  readonly #controls: Controls;
  /** The turn whose values a person asked for; −1: those of the newest are shown. */
  #chosen = -1;
  /** Turns that are told. */
  #told = 0;

  constructor({ source, play, readWeights, fail }: DialogueAppParts) {
    this.#play = play;
    this.#player = new DialoguePlayer(play, {
      onSaid: () => this.#said(),
      onMode: () => this.#showMode(),
      onEpisode: () => this.#list(),
      onProblem: fail,
    });
    this.#view = new DialogueView(play.hasValues, (turn) => this.#choose(turn));
    this.#tokens = play.hasValues ? new TokensView() : null;
    this.#panel = new RunPanel({
      ...{ source, readWeights, fail },
      load: (tensors) => play.load(tensors),
      onLoaded: (first) => {
        if (first) this.#begin();
      },
    });
    this.#controls = new Controls({
      ...{ playback: this.#player, unit: 'tokens' },
      isReady: () => this.#panel.isLoaded,
      shortcuts: { ',': () => this.#utterance() },
    });
  }

  start(): void {
    for (const part of document.querySelectorAll<HTMLElement>('.of-actions')) part.hidden = true;
    for (const part of document.querySelectorAll<HTMLElement>('.of-dialogue')) part.hidden = false;
    element('tokens-card').hidden = !this.#play.hasValues;
    element('stage-heading').textContent = 'The dialogue';
    element('steps-name').textContent = 'Tokens';
    element('single').textContent = 'Token';
    element('hint').textContent = 'A checkpoint that is chosen speaks from the next utterance on.';
    element('keys').textContent = 'you say what the agent would.';
    element('utterance').addEventListener('click', () => this.#utterance());
    element('say').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#say();
    });
    const field = element<HTMLTextAreaElement>('say-text');
    field.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#say();
    });
    field.addEventListener('input', () => this.#complain(''));
    this.#controls.start(PACE);
    this.#panel.start();
  }

  #begin(): void {
    this.#player.reset(this.#controls.seed);
    this.#player.play();
  }

  #utterance(): void {
    if (this.#panel.isLoaded) this.#player.utterance();
  }

  #say(): void {
    if (!this.#panel.isLoaded) return;
    const field = element<HTMLTextAreaElement>('say-text');
    try {
      this.#player.say(field.value);
      field.value = '';
      this.#complain('');
    } catch (error) {
      this.#complain((error as Error).message);
    }
  }

  /** Tells a person why they can't say that; '': nothing is wrong. */
  #complain(sentence: string): void {
    element('say-problem').textContent = sentence;
    element('say-text').ariaInvalid = String(sentence !== '');
  }

  #choose(turn: number): void {
    this.#chosen = this.#chosen === turn ? -1 : turn;
    this.#draw();
  }

  #said(): void {
    const { turns, sum } = this.#play;
    if (turns.length < this.#told || turns.length === 1) {
      this.#told = 0;
      this.#chosen = -1;
    }
    this.#tell(turns);
    const rewards = turns.flatMap(({ reward }) => (reward === null ? [] : [reward]));
    element('episode').textContent = String(this.#player.episode + 1);
    element('step-count').textContent = this.#count().toLocaleString('en');
    element('return').textContent = shown(sum);
    element('reward').textContent = rewards.length === 0 ? '–' : shown(rewards.at(-1)!);
    this.#draw();
  }

  /** Tells texts that are whole to those who do not see the page. */
  #tell(turns: readonly DialogueTurn[]): void {
    const whole = this.#play.isBetween ? turns.length : turns.length - 1;
    const added = turns.slice(this.#told, whole);
    this.#told = Math.max(this.#told, whole);
    if (added.length === 0 || (this.#player.playing && this.#player.speed > HEARD)) return;
    announce(added.map((turn) => `${speakerOf(turn)}: ${turn.text}`).join('. '));
  }

  /** Tokens of the agent's side in this episode. */
  #count(): number {
    return this.#play.turns.reduce((sum, { tokens }) => sum + tokens.length, 0);
  }

  #drawn = false;
  /** Draws once a frame, however much is said. */
  #draw(): void {
    if (this.#drawn) return;
    this.#drawn = true;
    requestAnimationFrame(() => {
      this.#drawn = false;
      const { turns } = this.#play;
      const newest = turns.findLastIndex(({ who }) => who === 'agent');
      const chosen = this.#chosen < 0 ? newest : this.#chosen;
      this.#view.draw(turns, chosen);
      this.#tokens?.draw(turns[chosen] ?? null);
      element('say-label').textContent = this.#play.isBetween
        ? 'Your utterance'
        : 'The rest of the utterance that the agent has begun';
    });
  }

  #showMode(): void {
    this.#controls.show();
    const form = element('say');
    const { human } = this.#player;
    if (form.hidden === !human) return;
    form.hidden = !human;
    if (human) element('say-text').focus();
  }

  #list(): void {
    const byPerson = this.#play.turns.some((turn) => turn.byPerson);
    const count = this.#count();
    const sum = shown(this.#play.sum);
    listEpisode(`${sum} in ${count.toLocaleString('en')} ${count === 1 ? 'token' : 'tokens'}`, byPerson);
    if (this.#player.speed <= HEARD || byPerson) announce(`The episode has ended with a return of ${sum}.`);
  }
}
