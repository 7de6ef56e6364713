import type { DialogueTurn, SaidToken } from '@qfleet/browser';
import { element, shown } from './elements.ts';

/** The tokens of an utterance in a table: Q, V, the advantage, and the likeliest others. */
export class TokensView {
  readonly #body = element<HTMLTableElement>('tokens').tBodies[0];
  #drawn: DialogueTurn | null = null;

  /** @param turn the agent's utterance; null: nothing is said yet. */
  draw(turn: DialogueTurn | null): void {
    if (turn === this.#drawn) return;
    this.#drawn = turn;
    element('tokens-of').textContent = turn === null ? 'Nothing is said yet.' : `“${turn.text}”`;
    this.#body.replaceChildren(...(turn?.tokens ?? []).map(rowOf));
  }
}

function rowOf({ name, q, v, advantage, verdict, others }: SaidToken): HTMLTableRowElement {
  const row = document.createElement('tr');
  row.className = verdict;
  const head = document.createElement('th');
  head.scope = 'row';
  head.textContent = name;
  row.append(
    head,
    cellOf(numberOf(q), 'number'),
    cellOf(numberOf(v), 'number'),
    cellOf(numberOf(advantage), 'number advantage'),
    cellOf(others.map((each) => `${each.name} ${numberOf(each.q)}`).join('  '), 'others'),
  );
  return row;
}

const numberOf = (value: number | null): string => (value === null ? '–' : shown(value));

function cellOf(text: string, kind: string): HTMLTableCellElement {
  const cell = document.createElement('td');
  cell.className = kind;
  cell.textContent = text;
  return cell;
}
