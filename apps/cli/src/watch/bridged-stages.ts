import {
  encodeStageState,
  playedSpec,
  type RemoteStage,
  type StageRequest,
  type StageState,
} from '@qfleet/browser';
import type { RunConfig } from '@qfleet/config';
import { resolveEnvironment } from '@qfleet/env-host';
import {
  allocateObservations,
  createEnvironment,
  type Environment,
  type EnvironmentDefinition,
  type Frame,
  type ObservationArray,
  type StepOutcome,
  WorkerFailure,
} from '@qfleet/envs';
import { Random } from '@qfleet/random';
import { CommandError } from '../errors.ts';

/** Pages that play at the same time: a copy of the environment each. */
const MOST_STAGES = 4;

interface Stage {
  readonly environment: Environment;
  readonly observation: ObservationArray;
  readonly mask: Uint8Array;
  isOver: boolean;
}

/** What a state has beside observation and mask. */
type Outcome = Pick<StageState, 'reward' | 'terminated' | 'truncated'>;
const BEGUN: Outcome = { reward: 0, terminated: false, truncated: false };

/** The stages of pages whose environment Python plays: it is stepped here, and the pages are sent states and frames. */
export class BridgedStages {
  readonly about: RemoteStage;
  readonly #definition: EnvironmentDefinition;
  /** By their numbers, the one that was asked last at the end. */
  readonly #stages = new Map<number, Stage>();
  #numbers = 0;

  private constructor(config: RunConfig, definition: EnvironmentDefinition) {
    const { id, actionNames } = definition;
    this.#definition = definition;
    this.about = { id, spec: playedSpec(config, definition), actionNames: actionNames ?? null };
  }

  /** @throws EnvironmentDefinitionError where Python can't play the run's environment. */
  static async open(config: RunConfig): Promise<BridgedStages> {
    return new BridgedStages(config, await resolveEnvironment({ ...config.environment, frames: true }));
  }

  /**
   * The answer to a page's request.
   * @throws CommandError, EnvironmentError: one sentence for whoever sees the page.
   */
  answer(request: StageRequest): Uint8Array {
    return encodeStageState(request.kind === 'reset' ? this.#reset(request) : this.#step(request));
  }

  close(): void {
    for (const number of [...this.#stages.keys()]) this.#end(number);
  }

  #reset({ stage: former, seed, episode }: StageRequest & { kind: 'reset' }): StageState {
    // The same episode as that of `qfleet eval`.
    const environment = createEnvironment(
      this.#definition,
      new Random(Random.seed(seed, `episode ${episode}`)),
    );
    const { observationSpace, actionSpace, masked } = this.#definition;
    const stage: Stage = {
      environment,
      observation: allocateObservations(observationSpace),
      mask: new Uint8Array(masked ? actionSpace.n : 0),
      isOver: false,
    };
    const number = ++this.#numbers;
    this.#stages.set(number, stage);
    // The worker that copies share goes on, since one of them is there at any time.
    if (former !== null) this.#end(former);
    while (this.#stages.size > MOST_STAGES) this.#end(this.#stages.keys().next().value!);
    try {
      environment.reset(stage.observation);
    } catch (error) {
      this.#end(number);
      throw error;
    }
    return this.#seen(number, stage, BEGUN);
  }

  #step({ stage: number, action }: StageRequest & { kind: 'step' }): StageState {
    const stage = this.#stages.get(number);
    if (stage === undefined || stage.isOver) {
      throw new CommandError(
        'This episode is not played any more, since other pages play: Reset begins another.',
      );
    }
    this.#stages.delete(number);
    this.#stages.set(number, stage);
    const outcome: StepOutcome = { ...BEGUN };
    try {
      stage.environment.step(action, stage.observation, outcome);
    } catch (error) {
      return this.#lost(number, stage, error);
    }
    const { reward, terminated, truncated } = outcome;
    return this.#seen(number, stage, { reward, terminated, truncated });
  }

  /** A state with its frame, where there is one. */
  #seen(number: number, stage: Stage, outcome: Outcome): StageState {
    const { environment, mask } = stage;
    stage.isOver = outcome.terminated || outcome.truncated;
    if (mask.length > 0 && !stage.isOver) environment.mask!(mask);
    try {
      return this.#state(number, stage, outcome, environment.frame!(), '');
    } catch (error) {
      if (error instanceof WorkerFailure) return this.#lost(number, stage, error, outcome.reward);
      return this.#state(number, stage, outcome, null, `${this.#definition.id}: ${(error as Error).message}`);
    }
  }

  /** The worker has gone and is started again: the episode is truncated. @throws `error` where it is another one. */
  #lost(number: number, stage: Stage, error: unknown, reward = 0): StageState {
    const failure = error instanceof WorkerFailure ? error : (error as Error).cause;
    if (!(failure instanceof WorkerFailure && failure.isSurvived)) throw error;
    stage.isOver = true;
    const outcome = { reward, terminated: false, truncated: true };
    return this.#state(number, stage, outcome, null, `The episode is cut: ${failure.message}`);
  }

  #state(
    number: number,
    { observation, mask }: Stage,
    outcome: Outcome,
    frame: Frame | null,
    note: string,
  ): StageState {
    const { buffer, byteOffset, byteLength } = observation;
    return {
      ...outcome,
      stage: number,
      observation: new Uint8Array(buffer, byteOffset, byteLength),
      ...{ mask, frame, note },
    };
  }

  #end(number: number): void {
    const stage = this.#stages.get(number);
    this.#stages.delete(number);
    try {
      stage?.environment.close?.();
    } catch {
      // Its worker has gone: nothing of it is left.
    }
  }
}
