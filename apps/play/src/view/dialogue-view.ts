import type { DialogueTurn } from '@qfleet/browser';
import { element, shown } from './elements.ts';

/** Whose text it is, as people are told. */
export const speakerOf = ({ who, byPerson }: DialogueTurn): string =>
  who === 'environment' ? 'environment' : byPerson ? 'you' : 'agent';

/** The dialogue: a text after the other, the agent's tokens coloured by their advantage. */
export class DialogueView {
  readonly #list = element('dialogue');
  readonly #hasValues: boolean;
  readonly #choose: (turn: number) => void;
  #drawn: readonly DialogueTurn[] = [];

  /** @param choose told of the agent's turn whose values a person asks for. */
  constructor(hasValues: boolean, choose: (turn: number) => void) {
    this.#hasValues = hasValues;
    this.#choose = choose;
  }

  /** @param chosen the turn whose values are shown; −1: none. */
  draw(turns: readonly DialogueTurn[], chosen: number): void {
    const before = this.#list.children.length;
    while (this.#list.children.length > turns.length) this.#list.lastElementChild!.remove();
    turns.forEach((turn, i) => {
      const old = this.#list.children.item(i);
      if (old !== null && this.#drawn[i] === turn) return;
      const item = this.#item(turn, i);
      if (old === null) this.#list.append(item);
      else old.replaceWith(item);
    });
    for (const button of this.#list.querySelectorAll('button'))
      button.ariaPressed = String(Number(button.dataset['turn']) === chosen);
    if (turns.length !== before || turns.at(-1) !== this.#drawn.at(-1))
      this.#list.scrollTop = this.#list.scrollHeight;
    this.#drawn = turns;
  }

  #item(turn: DialogueTurn, i: number): HTMLLIElement {
    const item = document.createElement('li');
    item.className = speakerOf(turn);
    const who = document.createElement('span');
    who.className = 'who';
    who.textContent = speakerOf(turn);
    const text = document.createElement('p');
    text.className = 'text';
    if (turn.who === 'environment') text.textContent = turn.text;
    else text.append(...turn.tokens.map(tokenOf));
    item.append(who, ' ', text);
    if (turn.who === 'environment') return item;
    if (turn.reward !== null) {
      const reward = document.createElement('span');
      reward.className = 'reward';
      reward.textContent = `reward ${shown(turn.reward)}`;
      item.append(reward, ' ');
    }
    if (this.#hasValues) item.append(this.#button(i));
    return item;
  }

  #button(turn: number): HTMLButtonElement {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = 'Values';
    button.dataset['turn'] = String(turn);
    button.addEventListener('click', () => this.#choose(turn));
    return button;
  }
}

function tokenOf({ text, verdict }: DialogueTurn['tokens'][number]): HTMLSpanElement {
  const made = document.createElement('span');
  made.className = `token ${verdict}`;
  made.textContent = text;
  return made;
}
