import type { FleetState } from '@qfleet/metrics';
import type { Display } from './display.ts';
import { type Progress, RateMeter } from './progress.ts';
import type { Session } from './session.ts';

/** Shows how a fleet does, from one look at it to the next. */
export class FleetProgress {
  readonly #display: Display;
  readonly #meter = new RateMeter();
  /** Seconds of training in the run's earlier sessions. */
  readonly #secondsBefore: number;
  #updates: number;
  #trainingSince: number | null = null;
  #exporterSaid = false;

  constructor({ display, from }: Session) {
    this.#display = display;
    this.#secondsBefore = from?.seconds ?? 0;
    this.#updates = from?.updates ?? 0;
  }

  show(state: FleetState): void {
    const now = performance.now() / 1000;
    if (state.phase === 'running') this.#trainingSince ??= now;
    const [exporter] = state.exporters;
    if (exporter !== undefined && !this.#exporterSaid) {
      this.#exporterSaid = true;
      this.#display.say(`Metrics: http://127.0.0.1:${exporter.port}/metrics`);
    }
    // Between two learners there is none to ask.
    if (state.learners.length > 0) this.#updates = Math.max(...state.learners.map((it) => it.updates));
    if (this.#trainingSince !== null)
      this.#display.update(this.#progressOf(state, this.#secondsBefore + now - this.#trainingSince));
  }

  #progressOf(state: FleetState, seconds: number): Progress {
    const steps = state.totals.transitionsPushed;
    const updates = this.#updates;
    const epsilons = state.actors.filter(({ slots }) => slots > 0).map(({ epsilon }) => epsilon);
    return {
      seconds,
      steps,
      updates,
      ...this.#meter.add(state.at / 1000, steps, updates),
      meanReturn: state.returns.lastMean,
      evaluation: state.returns.lastEvaluationMean,
      epsilon: epsilons.length === 0 ? null : [Math.min(...epsilons), Math.max(...epsilons)],
      replayTransitions: state.replay.transitions,
      actors: state.actors.length,
    };
  }
}
