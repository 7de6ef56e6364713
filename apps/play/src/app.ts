import { type NamedTensors, type Play, playSpeed, type RunConfig } from '@qfleet/browser';
import { Player } from './player.ts';
import type { CheckpointEntry, RunSource, Standing } from './run/about.ts';
import { positionOf, speedAt } from './speeds.ts';
import type { StageActions } from './stage.ts';
import { CurveView } from './view/curve-view.ts';
import { element, shown } from './view/elements.ts';
import { StageView } from './view/stage-view.ts';
import { ValuesView } from './view/values-view.ts';

/** What the page is made of. */
export interface AppParts {
  readonly config: RunConfig;
  readonly run: string;
  readonly source: RunSource;
  readonly play: Play;
  readonly actions: StageActions;
  readonly readWeights: (bytes: Uint8Array) => NamedTensors;
  /** Shows what is wrong, in one sentence. */
  readonly fail: (error: unknown) => void;
}

/** The choice that follows the newest checkpoint. */
const NEWEST = 'newest';
/** Episodes that are listed. */
const LISTED = 20;
const PHASES: Readonly<Record<Standing['phase'], string>> = {
  training: 'training',
  ended: 'training has ended',
  gone: 'the command behind this page has ended; what was loaded plays on',
};

/** The page: its controls, what they do, and what is shown. */
export class App {
  readonly #parts: AppParts;
  readonly #player: Player;
  readonly #stageView: StageView;
  readonly #valuesView: ValuesView;
  readonly #curveView = new CurveView();
  #checkpoints: readonly CheckpointEntry[] = [];
  /** The checkpoint whose weights play; '': none yet. */
  #loaded = '';
  #loading = false;

  constructor(parts: AppParts) {
    const { play, actions } = parts;
    this.#parts = parts;
    this.#player = new Player(play, actions, {
      onState: (step) => this.#show(step?.reward ?? null),
      onMode: () => this.#showMode(),
      onEpisode: (sum, steps, human) => this.#list(sum, steps, human),
      onProblem: parts.fail,
    });
    this.#stageView = new StageView(play);
    this.#valuesView = new ValuesView(play, actions, (action, down) =>
      down ? this.#player.press(action) : this.#player.release(action),
    );
  }

  start(): void {
    const { config, run, play, source } = this.#parts;
    const { id } = play.definition;
    document.title = `${id} – Qfleet`;
    element('title').textContent = id;
    element('about').textContent = `${config.name} · ${methodOf(config)} · run ${run}`;
    element('hint').textContent =
      this.#parts.actions.idle < 0
        ? 'Taken over, the game waits for your keys.'
        : 'Taken over, the game goes on; without a key it takes the action that does nothing.';
    element('keys').replaceChildren(...keysOf(this.#parts.actions));
    this.#listen();
    element<HTMLInputElement>('speed').value = String(positionOf(playSpeed(id)));
    this.#setSpeed();
    this.#showMode();
    source.follow((standing) => this.#follow(standing));
  }

  #listen(): void {
    const player = this.#player;
    element('play').addEventListener('click', () => this.#toggle());
    element('single').addEventListener('click', () => player.single());
    element('takeover').addEventListener('click', () => player.takeOver(!player.human));
    element('speed').addEventListener('input', () => this.#setSpeed());
    element('checkpoint').addEventListener('change', () => void this.#load());
    element('reset').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#reset();
    });
    document.addEventListener('keydown', (event) => this.#key(event));
    document.addEventListener('keyup', ({ key }) => {
      const action = this.#parts.actions.byKey(key);
      if (action !== undefined) player.release(action);
    });
    window.addEventListener('blur', () => {
      for (const action of this.#parts.actions.names.keys()) player.release(action);
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
  }

  #key(event: KeyboardEvent): void {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    const on = target instanceof HTMLElement ? target.tagName : '';
    if (ctrlKey || metaKey || altKey || on === 'INPUT' || on === 'SELECT') return;
    // A button has these keys itself.
    if (on === 'BUTTON' && (key === ' ' || key === 'Enter')) return;
    const action = this.#player.human ? this.#parts.actions.byKey(key) : undefined;
    if (action !== undefined) {
      event.preventDefault();
      if (!event.repeat) this.#player.press(action);
      return;
    }
    const shortcuts: Readonly<Record<string, () => void>> = {
      ' ': () => this.#toggle(),
      '.': () => this.#player.single(),
      r: () => this.#reset(),
      t: () => this.#player.takeOver(!this.#player.human),
    };
    if (!Object.hasOwn(shortcuts, key)) return;
    event.preventDefault();
    shortcuts[key]();
  }

  #toggle(): void {
    if (this.#loaded === '') return;
    if (this.#player.playing) this.#player.pause();
    else this.#player.play();
    announce(this.#player.playing ? 'Playing.' : 'Paused.');
  }

  #reset(): void {
    const field = element<HTMLInputElement>('seed');
    const seed = Number(field.value);
    const valid = field.value.trim() !== '' && Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff;
    field.setCustomValidity(valid ? '' : 'A seed is an integer from 0 to 4294967295.');
    field.reportValidity();
    if (!valid || this.#loaded === '') return;
    this.#player.reset(seed, 0);
    announce(`Reset with seed ${seed}.`);
  }

  #setSpeed(): void {
    this.#player.speed = speedAt(Number(element<HTMLInputElement>('speed').value));
    element('speed-shown').textContent = `${this.#player.speed} steps/s`;
  }

  #follow({ phase, checkpoints, curve, updates }: Standing): void {
    const status = element('status');
    status.textContent = `${PHASES[phase]} · ${updates.toLocaleString('en')} updates`;
    status.classList.toggle('live', phase === 'training');
    this.#curveView.draw(curve);
    this.#checkpoints = checkpoints;
    this.#offer();
    if (checkpoints.length === 0) {
      announce('There is no checkpoint yet: the agent plays as soon as there is one.');
      return;
    }
    void this.#load();
  }

  /** The checkpoints to choose from, the choice unchanged where it is still there. */
  #offer(): void {
    const select = element<HTMLSelectElement>('checkpoint');
    const before = select.value === '' ? NEWEST : select.value;
    const choices = [{ name: NEWEST, label: 'newest' }, ...this.#checkpoints];
    const same =
      choices.length === select.options.length &&
      choices.every(
        ({ name, label }, i) => select.options[i].value === name && select.options[i].text === label,
      );
    if (same) return;
    select.replaceChildren(...choices.map(({ name, label }) => new Option(label, name)));
    select.value = choices.some(({ name }) => name === before) ? before : NEWEST;
  }

  /** Takes up the weights of the chosen checkpoint. */
  async #load(): Promise<void> {
    const { value } = element<HTMLSelectElement>('checkpoint');
    const newest = [...this.#checkpoints].sort((a, b) => a.updates - b.updates).at(-1);
    const wanted = value === NEWEST ? newest : this.#checkpoints.find(({ name }) => name === value);
    if (wanted === undefined || this.#loading) return;
    const key = `${wanted.name} ${wanted.updates}`;
    if (key === this.#loaded) return;
    this.#loading = true;
    element('checkpoint').ariaBusy = 'true';
    const { play, source, readWeights, fail } = this.#parts;
    try {
      const bytes = await source.weights(wanted.name);
      // The learner keeps the newest: which these are is told next.
      if (bytes === null) return;
      play.load(readWeights(bytes));
      element('problem').hidden = true;
      const first = this.#loaded === '';
      this.#loaded = key;
      if (first) this.#begin();
      else this.#draw();
    } catch (error) {
      fail(error);
      return;
    } finally {
      this.#loading = false;
      element('checkpoint').ariaBusy = 'false';
    }
    // Another one may have been chosen meanwhile.
    await this.#load();
  }

  #begin(): void {
    this.#player.reset(Number(element<HTMLInputElement>('seed').value), 0);
    this.#player.play();
  }

  #show(reward: number | null): void {
    const { episode, steps, sum } = this.#player;
    if (steps === 0) this.#valuesView.clear();
    element('episode').textContent = String(episode + 1);
    element('step-count').textContent = steps.toLocaleString('en');
    element('return').textContent = shown(sum);
    element('reward').textContent = reward === null ? '–' : shown(reward);
    this.#draw();
  }

  #drawn = false;
  /** Draws once a frame, however many steps are taken. */
  #draw(): void {
    if (this.#drawn) return;
    this.#drawn = true;
    requestAnimationFrame(() => {
      this.#drawn = false;
      this.#stageView.draw();
      this.#valuesView.draw(this.#player.taken, this.#player.human);
    });
  }

  #showMode(): void {
    const { playing, human } = this.#player;
    element('play').textContent = playing ? 'Pause' : 'Play';
    element('takeover').ariaPressed = String(human);
    element('takeover').textContent = human ? 'Give back' : 'Take over';
    if (this.#loaded !== '') this.#draw();
  }

  #list(sum: number, steps: number, human: boolean): void {
    const item = document.createElement('li');
    item.textContent = `${shown(sum)} in ${steps.toLocaleString('en')} ${steps === 1 ? 'step' : 'steps'}${human ? ', by you' : ''}`;
    item.classList.toggle('human', human);
    const list = element('played');
    list.prepend(item);
    while (list.children.length > LISTED) list.lastElementChild!.remove();
    element('played-none').hidden = true;
    // At high speed it would say nothing but this.
    if (this.#player.speed <= 30 || human) announce(`The episode has ended with a return of ${shown(sum)}.`);
  }
}

/** Tells what happened to those who do not see the page. */
function announce(sentence: string): void {
  element('announcement').textContent = sentence;
}

function methodOf({ agent }: RunConfig): string {
  if (agent.kind === 'tabular') return 'a table';
  if (agent.kind === 'pqn') return 'PQN';
  if (agent.kind === 'token-q') return 'token-level Q-learning';
  const { objective } = agent;
  if (objective.kind === 'custom') return objective.name;
  const kinds = { expected: 'DQN', c51: 'C51', qr: 'QR-DQN', iqn: 'IQN', 'hl-gauss': 'HL-Gauss' };
  return kinds[objective.kind];
}

const KEY_NAMES: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
};

/** The keys of each action, as text and `kbd` elements in turn. */
function keysOf({ names }: StageActions): (Node | string)[] {
  return names.flatMap(({ name, keys }, i) => {
    if (keys.length === 0) return [];
    const key = document.createElement('kbd');
    key.textContent = KEY_NAMES[keys[0]] ?? keys[0];
    return [i === 0 ? '' : ', ', key, ` ${name}`];
  });
}
