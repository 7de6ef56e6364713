import type { CheckpointEntry, NamedTensors, Standing } from '@qfleet/browser';
import { CurveView } from '../view/curve-view.ts';
import { announce, element } from '../view/elements.ts';
import type { RunSource } from './source.ts';

/** What the panel is made for. */
export interface RunPanelOptions {
  readonly source: RunSource;
  readonly readWeights: (bytes: Uint8Array) => NamedTensors;
  /** Takes up weights. @throws Error, in one sentence, where they are not this agent's. */
  readonly load: (tensors: NamedTensors) => void;
  /** Told when weights are loaded. @param first whether there were none before. */
  readonly onLoaded: (first: boolean) => void;
  /** Shows what is wrong, in one sentence. */
  readonly fail: (error: unknown) => void;
}

/** The choice that follows the newest checkpoint. */
const NEWEST = 'newest';
const PHASES: Readonly<Record<Standing['phase'], string>> = {
  training: 'training',
  ended: 'training has ended',
};
const UNREACHABLE = 'the command behind this page has ended; what was loaded plays on';

/** How the run stands: its status, its curve, and its checkpoints, of which the chosen one is loaded. */
export class RunPanel {
  readonly #options: RunPanelOptions;
  readonly #curve = new CurveView();
  #checkpoints: readonly CheckpointEntry[] = [];
  /** The checkpoint whose weights play; '': none yet. */
  #loaded = '';
  #loading = false;

  constructor(options: RunPanelOptions) {
    this.#options = options;
    element('checkpoint').addEventListener('change', () => void this.#load());
  }

  /** Whether there are weights to play with. */
  get isLoaded(): boolean {
    return this.#loaded !== '';
  }

  start(): void {
    this.#options.source.follow((standing, isServed) => this.#follow(standing, isServed));
  }

  #follow({ phase, checkpoints, curve, updates }: Standing, isServed: boolean): void {
    const status = element('status');
    const said = isServed ? PHASES[phase] : UNREACHABLE;
    status.textContent = `${said} · ${updates.toLocaleString('en')} updates`;
    status.classList.toggle('live', isServed && phase === 'training');
    this.#curve.draw(curve);
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
    const { source, readWeights, load, onLoaded, fail } = this.#options;
    try {
      const bytes = await source.weights(wanted.name);
      // The learner keeps the newest: which these are is told next.
      if (bytes === null) return;
      load(readWeights(bytes));
      element('problem').hidden = true;
      const first = !this.isLoaded;
      this.#loaded = key;
      onLoaded(first);
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
}
