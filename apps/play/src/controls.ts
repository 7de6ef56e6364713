import { positionOf, speedAt } from './speeds.ts';
import { announce, element } from './view/elements.ts';

/** What plays in time, and may be taken over. */
export interface Playback {
  readonly playing: boolean;
  /** Whether a person acts. */
  readonly human: boolean;
  /** Steps a second. */
  speed: number;
  play(): void;
  pause(): void;
  single(): void;
  takeOver(human: boolean): void;
  /** Begins the first episode of a seed. */
  reset(seed: number): void | Promise<void>;
}

/** What the controls are made for. */
export interface ControlsOptions {
  readonly playback: Playback;
  /** Whether there is something to play. */
  readonly isReady: () => boolean;
  /** What a step is called where its speed is told. */
  readonly unit: 'steps' | 'tokens';
  /** Keys beside those that are for all. */
  readonly shortcuts?: Readonly<Record<string, () => void>>;
  /** Given keys first. @returns whether it took the key. */
  readonly takesKey?: (event: KeyboardEvent) => boolean;
}

/** The buttons, fields and keys by which the page is played, paused, stepped, taken over and reset. */
export class Controls {
  readonly #options: ControlsOptions;

  constructor(options: ControlsOptions) {
    this.#options = options;
    const { playback } = options;
    element('play').addEventListener('click', () => this.#toggle());
    element('single').addEventListener('click', () => this.#single());
    element('takeover').addEventListener('click', () => playback.takeOver(!playback.human));
    element('speed').addEventListener('input', () => this.#setSpeed());
    element('reset').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#reset();
    });
    document.addEventListener('keydown', (event) => this.#key(event));
  }

  /** Starts at a pace, in steps a second. */
  start(speed: number): void {
    element<HTMLInputElement>('speed').value = String(positionOf(speed));
    this.#setSpeed();
    this.show();
  }

  /** Shows whether it plays, and who acts. */
  show(): void {
    const { playing, human } = this.#options.playback;
    element('play').textContent = playing ? 'Pause' : 'Play';
    element('takeover').ariaPressed = String(human);
    element('takeover').textContent = human ? 'Give back' : 'Take over';
  }

  /** The seed that the field has. */
  get seed(): number {
    return Number(element<HTMLInputElement>('seed').value);
  }

  #key(event: KeyboardEvent): void {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    const on = target instanceof HTMLElement ? target.tagName : '';
    if (ctrlKey || metaKey || altKey || ['INPUT', 'SELECT', 'TEXTAREA'].includes(on)) return;
    // A button has these keys itself.
    if (on === 'BUTTON' && (key === ' ' || key === 'Enter')) return;
    if (this.#options.takesKey?.(event)) {
      event.preventDefault();
      return;
    }
    const { playback, shortcuts: own } = this.#options;
    const shortcuts: Readonly<Record<string, () => void>> = {
      ' ': () => this.#toggle(),
      '.': () => this.#single(),
      r: () => this.#reset(),
      t: () => playback.takeOver(!playback.human),
      ...own,
    };
    if (!Object.hasOwn(shortcuts, key)) return;
    event.preventDefault();
    shortcuts[key]();
  }

  #toggle(): void {
    const { playback, isReady } = this.#options;
    if (!isReady()) return;
    if (playback.playing) playback.pause();
    else playback.play();
    announce(playback.playing ? 'Playing.' : 'Paused.');
  }

  #single(): void {
    if (this.#options.isReady()) this.#options.playback.single();
  }

  #reset(): void {
    const field = element<HTMLInputElement>('seed');
    const valid =
      field.value.trim() !== '' && Number.isInteger(this.seed) && this.seed >= 0 && this.seed <= 0xffffffff;
    field.setCustomValidity(valid ? '' : 'A seed is an integer from 0 to 4294967295.');
    field.reportValidity();
    if (!valid || !this.#options.isReady()) return;
    void this.#options.playback.reset(this.seed);
    announce(`Reset with seed ${this.seed}.`);
  }

  #setSpeed(): void {
    const { playback, unit } = this.#options;
    playback.speed = speedAt(Number(element<HTMLInputElement>('speed').value));
    element('speed-shown').textContent = `${playback.speed} ${unit}/s`;
  }
}
