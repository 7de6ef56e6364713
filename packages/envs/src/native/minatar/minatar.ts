import { NumpyRandom, type Random } from '@qfleet/random';
import { box, discrete, type ObservationArray } from '@qfleet/spaces';
import { channelPicture } from '../../drawing/grid.ts';
import type { Picture } from '../../drawing/picture.ts';
import type { Environment, EnvironmentDefinition, StepOutcome } from '../../environment.ts';
import { Asterix } from './asterix.ts';
import { Breakout } from './breakout.ts';
import { Freeway } from './freeway.ts';
import { type Game, LAST, OVER, SIZE } from './game.ts';
import { MinAtarRows } from './minatar-rows.ts';
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
  /** What each channel shows. */
  readonly channels: readonly string[];
  /** The game's own actions, of the six. */
  readonly actions: readonly number[];
  readonly summary: string;
  make(ramping: boolean): Game;
}

const games = {
  Asterix: {
    channels: ['player', 'enemy', 'trail', 'gold'],
    actions: [0, 1, 2, 3, 4],
    summary: 'Collect gold that crosses the grid, and keep clear of enemies (MinAtar).',
    make: (ramping) => new Asterix(ramping),
  },
  Breakout: {
    channels: ['paddle', 'ball', 'trail', 'brick'],
    actions: [0, 1, 3],
    summary: 'Keep a ball in play with a paddle, to strike three rows of bricks (MinAtar).',
    make: () => new Breakout(),
  },
  Freeway: {
    channels: [
      'chicken',
      'car',
      'trail of speed 1',
      'trail of speed 2',
      'trail of speed 3',
      'trail of speed 4',
      'trail of speed 5',
    ],
    actions: [0, 2, 4],
    summary: 'Lead a chicken over a road of eight lanes as often as the clock allows (MinAtar).',
    make: () => new Freeway(),
  },
  Seaquest: {
    channels: [
      "submarine's front",
      'its back',
      'bullet',
      'trail',
      "enemy's bullet",
      'fish',
      'enemy submarine',
      'oxygen gauge',
      'diver gauge',
      'diver',
    ],
    actions: [0, 1, 2, 3, 4, 5],
    summary: 'Shoot fish and submarines, and bring divers up before the oxygen runs out (MinAtar).',
    make: (ramping) => new Seaquest(ramping),
  },
  SpaceInvaders: {
    channels: ['cannon', 'alien', 'alien going left', 'alien going right', 'bullet', "alien's bullet"],
    actions: [0, 1, 3, 5],
    summary: 'Shoot waves of aliens that come down and shoot back (MinAtar).',
    make: (ramping) => new SpaceInvaders(ramping),
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
  readonly #channels: readonly string[];
  readonly #state: Int32Array;
  readonly #random: NumpyRandom;
  readonly #actions: readonly number[];
  readonly #stickiness: number;

  constructor(
    game: Game,
    channels: readonly string[],
    actions: readonly number[],
    stickiness: number,
    seed: number,
  ) {
    this.#game = game;
    this.#channels = channels;
    this.#state = new Int32Array(game.width);
    this.#random = new NumpyRandom(seed);
    this.#actions = actions;
    this.#stickiness = stickiness;
  }

  seed(seed: number): void {
    this.#random.seed(seed);
  }

  reset(observation: ObservationArray): void {
    this.#game.reset(this.#state, 0, this.#random);
    this.#observe(observation);
  }

  step(action: number, observation: ObservationArray, outcome: StepOutcome): void {
    const state = this.#state;
    if (this.#random.uniform() >= this.#stickiness) state[LAST] = this.#actions[action];
    outcome.reward = this.#game.act(state, 0, this.#random, state[LAST]);
    outcome.terminated = state[OVER] === 1;
    outcome.truncated = false;
    this.#observe(observation);
  }

  picture(): Picture {
    const observation = new Uint8Array(SIZE * SIZE * this.#channels.length);
    this.#observe(observation);
    return channelPicture(observation, SIZE, this.#channels);
  }

  #observe(observation: ObservationArray): void {
    observation.fill(0);
    this.#game.draw(this.#state, 0, observation, 0);
  }
}

/**
 * One of MinAtar's games, equal to the package 1.0.15 bit for bit from the same seed (`qfleet env trace`). Elsewhere
 * each copy seeds its generator from its `Random`. Ids that end in `-v0` take all six actions, others the game's own.
 */
export function minAtar(name: MinAtarGame, id: string, options: MinAtarOptions): EnvironmentDefinition {
  const { channels, make, summary, actions: own }: GameDefinition = games[name];
  const actions = id.endsWith('-v0') ? allActions : own;
  const game = make(options.difficulty_ramping);
  const stickiness = options.sticky_action_prob;
  return {
    id,
    native: true,
    observationSpace: box({ low: 0, high: 1, shape: [SIZE, SIZE, channels.length], dtype: 'uint8' }),
    actionSpace: discrete(actions.length),
    maxEpisodeSteps: null,
    solvedReturn: null,
    summary,
    create: (random: Random) => new MinAtar(game, channels, actions, stickiness, random.next()),
    createVector: () => new MinAtarRows(game, SIZE * SIZE * channels.length, actions, stickiness),
  };
}
