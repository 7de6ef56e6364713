import type { DialogueTurn, SaidToken } from '@qfleet/browser';

/** A dialogue, and who said the agent's side. */
export interface DialoguePanel {
  /** Above it. */
  readonly title: string;
  readonly turns: readonly DialogueTurn[];
}

// In pixels.
const WIDTH = 760;
const LINE = 22;
const FONT = 14;
/** A letter, which each text is stretched to: fonts differ. */
const LETTER = 8.4;
const MARGIN = 12;
/** Where texts begin, right of who said them. */
const LEFT = 124;

/** Letters in a line. */
const COLUMNS = Math.floor((WIDTH - LEFT - MARGIN) / LETTER);

/** The least and the most that a token's colour covers what is below it. */
const FAINT = 0.12;
const STRONG = 0.6;

const STYLE =
  'text{white-space:pre}.text{fill:#1f2328}.label{fill:#656d76}.better{fill:#2da44e}.worse{fill:#cf222e}.page{fill:#ffffff}' +
  '@media(prefers-color-scheme:dark){.text{fill:#e6edf3}.label{fill:#9198a1}.page{fill:#0d1117}}';

/** A text as it stands in a picture: a line's end is a sign. */
const visible = (text: string): string => text.replaceAll('\n', '⏎');

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const px = (x: number): string => String(Math.round(x * 100) / 100);

/** Two digits after the point, with a sign that is as wide as a plus. */
const shownNumber = (value: number): string => value.toFixed(2).replace('-', '−');

/**
 * Dialogues one below the other as an SVG document. Each token of the agent's is the greener the better it is than the text before it was
 * worth, and the redder the worse; a pointer on it shows Q, V and the likeliest others.
 *
 * @param title for those who do not see it.
 */
export function dialogueSvg(panels: readonly DialoguePanel[], title: string): string {
  const greatest = Math.max(
    ...panels.flatMap(({ turns }) => turns.flatMap(({ tokens }) => tokens.map(strength))),
    Number.MIN_VALUE,
  );
  const page = new Page(greatest);
  for (const panel of panels) page.panel(panel);
  const height = page.height + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${WIDTH}" height="${px(height)}" viewBox="0 0 ${WIDTH} ${px(height)}">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="page" width="${WIDTH}" height="${px(height)}" rx="6"/>`,
    `<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="${FONT}">`,
    ...page.shapes,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

const strength = ({ advantage, verdict }: SaidToken): number =>
  verdict === 'neither' ? 0 : Math.abs(advantage ?? 0);

/** What is drawn so far, from the top down. */
class Page {
  readonly shapes: string[] = [];
  readonly #greatest: number;
  /** The line that is written, and the letters in it. */
  #y = 0;
  #column = 0;

  /** @param greatest the advantage, whatever its sign, that has the strongest colour. */
  constructor(greatest: number) {
    this.#greatest = greatest;
  }

  get height(): number {
    return this.#y;
  }

  panel({ title, turns }: DialoguePanel): void {
    this.#y += LINE + MARGIN;
    this.shapes.push(
      `<text class="text" x="${MARGIN}" y="${px(this.#y)}" font-weight="bold">${escaped(title)}</text>`,
    );
    this.#y += MARGIN / 2;
    for (const turn of turns) this.#turn(turn);
  }

  #turn({ who, text, tokens, reward }: DialogueTurn): void {
    this.#y += LINE;
    this.#column = 0;
    this.shapes.push(`<text class="label" x="${MARGIN}" y="${px(this.#y)}">${who}</text>`);
    if (who === 'environment') this.#write(visible(text), 'label');
    for (const token of tokens) this.#token(token);
    if (reward === null) return;
    const said = `reward ${shownNumber(reward)}`;
    this.#column += 2;
    this.#wrap(said.length);
    this.#write(said, 'label');
  }

  #token(token: SaidToken): void {
    const { verdict, q, v, others, name } = token;
    const text = visible(token.text);
    if (text === '') return;
    this.#wrap(text.length);
    if (verdict !== 'neither') {
      const opacity = FAINT + (STRONG - FAINT) * (strength(token) / this.#greatest);
      const [x, width] = [LEFT + this.#column * LETTER, text.length * LETTER];
      this.shapes.push(
        `<rect class="${verdict}" x="${px(x)}" y="${px(this.#y - FONT - 1)}" width="${px(width)}" height="${LINE - 3}" rx="2" opacity="${px(opacity)}"/>`,
      );
    }
    const values = [
      ...(q === null ? [] : [`Q ${shownNumber(q)}`]),
      ...(v === null ? [] : [`V ${shownNumber(v)}`]),
    ];
    const told = others.map((other) =>
      other.q === null ? other.name : `${other.name} Q ${shownNumber(other.q)}`,
    );
    const about = [name, ...values, ...(told.length === 0 ? [] : [`others: ${told.join(', ')}`])];
    this.#write(text, 'text', about.join(' · '));
  }

  /** Writes a text, over as many lines as it needs. @param about shown where a pointer rests on it. */
  #write(text: string, style: 'text' | 'label', about?: string): void {
    let rest = text;
    while (rest.length > 0) {
      this.#wrap(1);
      const part = rest.slice(0, COLUMNS - this.#column);
      rest = rest.slice(part.length);
      const x = LEFT + this.#column * LETTER;
      const tip = about === undefined ? '' : `<title>${escaped(about)}</title>`;
      this.shapes.push(
        `<text class="${style}" x="${px(x)}" y="${px(this.#y)}" textLength="${px(part.length * LETTER)}">${tip}${escaped(part)}</text>`,
      );
      this.#column += part.length;
    }
  }

  /** Begins a line, where this one has no room for so many letters more. */
  #wrap(letters: number): void {
    if (this.#column === 0 || this.#column + letters <= COLUMNS) return;
    this.#y += LINE;
    this.#column = 0;
  }
}
