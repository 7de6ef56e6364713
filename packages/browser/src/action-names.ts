/** What each action is called, and the keys that take it (`KeyboardEvent.key`), for people who play themselves. */
export interface NamedAction {
  readonly name: string;
  readonly keys: readonly string[];
}

const UP: NamedAction = { name: 'up', keys: ['ArrowUp', 'w'] };
const DOWN: NamedAction = { name: 'down', keys: ['ArrowDown', 's'] };
const LEFT: NamedAction = { name: 'left', keys: ['ArrowLeft', 'a'] };
const RIGHT: NamedAction = { name: 'right', keys: ['ArrowRight', 'd'] };
const FIRE: NamedAction = { name: 'fire', keys: ['f', 'Enter'] };
const NONE: NamedAction = { name: 'nothing', keys: ['x'] };
const named = (name: string, ...keys: string[]): NamedAction => ({ name, keys });

const ALL_OF_MINATAR: readonly NamedAction[] = [NONE, LEFT, UP, RIGHT, DOWN, FIRE];
/** By the beginning of a game's name, in both of its spellings. */
const MINATAR: readonly (readonly [string, readonly NamedAction[]])[] = [
  ...['asterix', 'Asterix'].map((game) => [game, [NONE, LEFT, UP, RIGHT, DOWN]] as const),
  ...['breakout', 'Breakout'].map((game) => [game, [NONE, LEFT, RIGHT]] as const),
  ...['freeway', 'Freeway'].map((game) => [game, [NONE, UP, DOWN]] as const),
  ...['space_invaders', 'SpaceInvaders'].map((game) => [game, [NONE, LEFT, RIGHT, FIRE]] as const),
  ['', ALL_OF_MINATAR],
];

/** By the beginning of an environment's id. */
const ACTIONS: readonly (readonly [string, readonly NamedAction[]])[] = [
  ['CartPole', [LEFT, RIGHT]],
  ['MountainCar', [LEFT, NONE, RIGHT]],
  ['Acrobot', [named('torque −1', ...LEFT.keys), NONE, named('torque +1', ...RIGHT.keys)]],
  [
    'LunarLander',
    [
      NONE,
      named('left engine', ...LEFT.keys),
      named('main engine', ...UP.keys),
      named('right engine', ...RIGHT.keys),
    ],
  ],
  ['FrozenLake', [LEFT, DOWN, RIGHT, UP]],
  ['CliffWalking', [UP, RIGHT, DOWN, LEFT]],
  ['Taxi', [DOWN, UP, RIGHT, LEFT, named('pick up', 'p'), named('drop off', 'o')]],
  ...['minatar/', 'MinAtar/'].flatMap((start) =>
    MINATAR.map(([game, actions]) => [start + game, actions] as const),
  ),
  ...['highway', 'merge', 'roundabout'].map(
    (id) =>
      [
        id,
        [
          named('lane left', ...UP.keys),
          named('idle', ...NONE.keys),
          named('lane right', ...DOWN.keys),
          named('faster', ...RIGHT.keys),
          named('slower', ...LEFT.keys),
        ],
      ] as const,
  ),
  ...['Snake', 'GridWorld', 'TMaze'].map((id) => [id, [UP, RIGHT, DOWN, LEFT]] as const),
  [
    'intersection',
    [named('slower', ...LEFT.keys), named('idle', ...NONE.keys), named('faster', ...RIGHT.keys)],
  ],
];

/**
 * The actions of an environment by name; by number where nobody has named them. The digits take the first ten.
 *
 * @param own what the environment itself calls them, as Atari's games do: NOOP, UP, UPRIGHTFIRE.
 * @example
 * nameActions('CartPole-v1', 2).map(({ name }) => name); // → ['left', 'right']
 * nameActions('Own-v0', 2)[1]; // → { name: 'action 1', keys: ['1'] }
 */
export function nameActions(given: string, count: number, own?: readonly string[] | null): NamedAction[] {
  const id = given.replace(/^gym:/, '');
  if (own?.length === count) return own.map((name, action) => withDigit(ofConsole(name), action));
  if (id.startsWith('Pendulum')) return Array.from({ length: count }, (_, action) => torque(action, count));
  const found = ACTIONS.find(([start, actions]) => id.startsWith(start) && actions.length === count)?.[1];
  return Array.from({ length: count }, (_, action) =>
    withDigit(found?.[action] ?? { name: `action ${action}`, keys: [] }, action),
  );
}

/** What a games console calls its actions, by the word for each part: a direction alone has its arrow. */
const CONSOLE: Readonly<Record<string, NamedAction>> = {
  NOOP: NONE,
  FIRE,
  UP,
  DOWN,
  LEFT,
  RIGHT,
};

function ofConsole(name: string): NamedAction {
  const known = CONSOLE[name];
  if (known !== undefined) return known;
  const parts = name.match(/UP|DOWN|LEFT|RIGHT|FIRE/g) ?? [];
  const words = parts.join('') === name ? parts.join(' ') : name;
  return { name: words.toLowerCase(), keys: [] };
}

function withDigit({ name, keys }: NamedAction, action: number): NamedAction {
  return { name, keys: action < 10 ? [...keys, String(action)] : keys };
}

/** The pendulum's levels from −2 to 2 N·m; the outer ones have the arrows. */
function torque(action: number, count: number): NamedAction {
  const level = Number((-2 + (4 * action) / (count - 1)).toFixed(2));
  const keys = action === 0 ? LEFT.keys : action === count - 1 ? RIGHT.keys : [];
  return withDigit({ name: `torque ${level < 0 ? '−' : ''}${Math.abs(level)}`, keys }, action);
}
