import { type NamedTensors, playSpeed, type RunConfig } from '@qfleet/browser';
import { Controls } from './controls.ts';
import { Player } from './player.ts';
import { RunPanel } from './run/run-panel.ts';
import type { RunSource } from './run/source.ts';
import type { Stage, StageActions } from './stage.ts';
import { announce, element, shown } from './view/elements.ts';
import { listEpisode } from './view/played-view.ts';
import { StageView } from './view/stage-view.ts';
import { ValuesView } from './view/values-view.ts';

/** What the page of an agent is made of that takes numbered actions. */
export interface AppParts {
  readonly config: RunConfig;
  readonly source: RunSource;
  readonly play: Stage;
  readonly actions: StageActions;
  readonly readWeights: (bytes: Uint8Array) => NamedTensors;
  /** Shows what is wrong, in one sentence. */
  readonly fail: (error: unknown) => void;
}

/** The page of an agent that takes numbered actions: the environment on a canvas, and the values of actions. */
export class App {
  readonly #parts: AppParts;
  readonly #player: Player;
  readonly #stageView: StageView;
  readonly #valuesView: ValuesView;
  readonly #panel: RunPanel;
  readonly #controls: Controls;

  constructor(parts: AppParts) {
    const { play, actions, source, readWeights, fail } = parts;
    this.#parts = parts;
    this.#player = new Player(play, actions, {
      onState: (step) => this.#show(step?.reward ?? null),
      onMode: () => this.#showMode(),
      onEpisode: (sum, steps, human) => this.#list(sum, steps, human),
      onProblem: fail,
    });
    this.#stageView = new StageView(play);
    this.#valuesView = new ValuesView(play, actions, (action, down) =>
      down ? this.#player.press(action) : this.#player.release(action),
    );
    this.#panel = new RunPanel({
      ...{ source, readWeights, fail },
      load: (tensors) => play.load(tensors),
      onLoaded: (first) => (first ? this.#begin() : this.#draw()),
    });
    this.#controls = new Controls({
      ...{ playback: this.#player, unit: 'steps' },
      isReady: () => this.#panel.isLoaded,
      takesKey: (event) => this.#takesKey(event),
    });
  }

  start(): void {
    const { actions, play } = this.#parts;
    element('hint').textContent =
      actions.idle < 0
        ? 'Taken over, the game waits for your keys.'
        : 'Taken over, the game goes on; without a key it takes the action that does nothing.';
    element('keys').replaceChildren(...keysOf(actions));
    this.#listen();
    this.#controls.start(playSpeed(play.definition.id));
    this.#panel.start();
  }

  #listen(): void {
    const player = this.#player;
    document.addEventListener('keyup', ({ key }) => {
      const action = this.#parts.actions.byKey(key);
      if (action !== undefined) player.release(action);
    });
    window.addEventListener('blur', () => {
      for (const action of this.#parts.actions.names.keys()) player.release(action);
    });
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#draw());
  }

  #takesKey({ key, repeat }: KeyboardEvent): boolean {
    const action = this.#player.human ? this.#parts.actions.byKey(key) : undefined;
    if (action === undefined) return false;
    if (!repeat) this.#player.press(action);
    return true;
  }

  #begin(): void {
    void this.#player.reset(this.#controls.seed, 0);
    this.#player.play();
  }

  #show(reward: number | null): void {
    const { episode, steps, sum } = this.#player;
    if (steps === 0) this.#valuesView.clear();
    this.#tell(this.#parts.play.note ?? '');
    element('episode').textContent = String(episode + 1);
    element('step-count').textContent = steps.toLocaleString('en');
    element('return').textContent = shown(sum);
    element('reward').textContent = reward === null ? '–' : shown(reward);
    this.#draw();
  }

  /** The note that is shown in place of a problem. */
  #noted = '';
  /** Shows what is to be known of a state, and takes it away with the state that it is of. */
  #tell(note: string): void {
    if (note === this.#noted) return;
    if (note !== '') this.#parts.fail(note);
    else element('problem').hidden = true;
    this.#noted = note;
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
    this.#controls.show();
    if (this.#panel.isLoaded) this.#draw();
  }

  #list(sum: number, steps: number, human: boolean): void {
    listEpisode(`${shown(sum)} in ${steps.toLocaleString('en')} ${steps === 1 ? 'step' : 'steps'}`, human);
    // At high speed it would say nothing but this.
    if (this.#player.speed <= 30 || human) announce(`The episode has ended with a return of ${shown(sum)}.`);
  }
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
