import { NumpyRandom, type Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../../environment.ts';
import { Asterix } from './asterix.ts';
import { Breakout } from './breakout.ts';
import { Freeway } from './freeway.ts';
import { type Game, SIZE } from './game.ts';
import { Seaquest } from './seaquest.ts';
import { SpaceInvaders } from './space-invaders.ts';

/** Options of every MinAtar id, named as the package's keyword arguments. */
export interface MinAtarOptions {
  /** How likely an act repeats the one before it. */
  readonly sticky_action_prob: number;
  /** Whether a game that has ramps gets faster as it goes on. */
  readonly difficulty_ramping: boolean;
}

interface GameDefinition {
  readonly channels: number;
  /** The game's own actions, of the six. */
  readonly actions: readonly number[];
  readonly summary: string;
  make(random: NumpyRandom, ramping: boolean): Game;
}

const games = {
  Asterix: {
    channels: 4,
    actions: [0, 1, 2, 3, 4],
    summary: 'Collect gold that crosses the grid, and keep clear of enemies (MinAtar).',
    make: (random, ramping) => new Asterix(random, ramping),
  },
  Breakout: {
    channels: 4,
    actions: [0, 1, 3],
    summary: 'Keep a ball in play with a paddle, to strike three rows of bricks (MinAtar).',
    make: (random) => new Breakout(random),
  },
  Freeway: {
    channels: 7,
    actions: [0, 2, 4],
    summary: 'Lead a chicken over a road of eight lanes as often as the clock allows (MinAtar).',
    make: (random) => new Freeway(random),
  },
  Seaquest: {
    channels: 10,
    actions: [0, 1, 2, 3, 4, 5],
    summary: 'Shoot fish and submarines, and bring divers up before the oxygen runs out (MinAtar).',
    make: (random, ramping) => new Seaquest(random, ramping),
  },
  SpaceInvaders: {
    channels: 6,
    actions: [0, 1, 3, 5],
    summary: 'Shoot waves of aliens that come down and shoot back (MinAtar).',
    make: (_, ramping) => new SpaceInvaders(ramping),
  },
} as const satisfies Record<string, GameDefinition>;

/** A game's name, as in the ids that Gymnasium knows. */
export type MinAtarGame = keyof typeof games;

const allActions = [0, 1, 2, 3, 4, 5];

/**
 * A game behind sticky actions (Machado et al., "Revisiting the Arcade Learning Environment", 2018), as Young and
 * Tian's MinAtar (2019) has them. One generator serves both: each act draws from it first.
 */
class MinAtar implements Environment {
  readonly #game: Game;
  readonly #random: NumpyRandom;
  readonly #actions: readonly number[];
  readonly #stickiness: number;
  /** The last action that the game took, which outlives its episode. */
  #last = 0;

  constructor(game: GameDefinition, actions: readonly number[], options: MinAtarOptions, seed: number) {
    this.#random = new NumpyRandom(seed);
    this.#game = game.make(this.#random, options.difficulty_ramping);
    this.#actions = actions;
    this.#stickiness = options.sticky_action_prob;
  }

  seed(seed: number): void {
    this.#random.seed(seed);
  }

  reset(observation: ObservationArray): void {
    this.#game.reset();
    this.#observe(observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    if (this.#random.uniform() >= this.#stickiness) this.#last = this.#actions[action];
    outcome.reward = this.#game.act(this.#last);
    outcome.terminated = this.#game.over;
    outcome.truncated = false;
    this.#observe(observation);
  }

  #observe(observation: ObservationArray): void {
    observation.fill(0);
    this.#game.draw(observation);
  }
}

/**
 * One of MinAtar's games, equal to the package 1.0.15 bit for bit from the same seed (`qfleet env trace`). Elsewhere
 * each copy seeds its generator from its `Random`. Ids that end in `-v0` take all six actions, others the game's own.
 */
export function minAtar(name: MinAtarGame, id: string, options: MinAtarOptions): EnvironmentDefinition {
  const game: GameDefinition = games[name];
  const actions = id.endsWith('-v0') ? allActions : game.actions;
  return {
    id,
    native: true,
    observationSpace: box({ low: 0, high: 1, shape: [SIZE, SIZE, game.channels], dtype: 'uint8' }),
    actionSpace: discrete(actions.length),
    maxEpisodeSteps: null,
    solvedReturn: null,
    summary: game.summary,
    create: (random: Random) => new MinAtar(game, actions, options, random.next()),
  };
}
