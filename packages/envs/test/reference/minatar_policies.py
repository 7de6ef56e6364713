"""Players of MinAtar's games that see the state alone, good enough to meet every rule: see make_minatar.py."""

import numpy as np

NOOP, LEFT, UP, RIGHT, DOWN, FIRE = range(6)


def where(plane):
    return [(int(y), int(x)) for y, x in np.argwhere(plane)]


def toward(x, target):
    return LEFT if target < x else RIGHT if target > x else NOOP


def breakout(state, random):
    (_, paddle), (y, x) = where(state[..., 0])[0], where(state[..., 1])[0]
    trail = where(state[..., 2])[0]
    if y <= trail[0]:
        return toward(paddle, x)
    # Where the ball is just above the paddle's row, if no brick is in its way.
    step = 1 if x > trail[1] else -1
    for _ in range(8 - y):
        if not 0 <= x + step <= 9:
            step = -step
        else:
            x += step
    return toward(paddle, x)


def freeway(state, random):
    (y, _) = where(state[..., 0])[0]
    if random.random() < 0.5 and y > 0 and state[y - 1, 3:6, 1].any():
        return NOOP
    return UP if random.random() < 0.9 else DOWN


def asterix(state, random):
    (y, x) = where(state[..., 0])[0]
    steps = {NOOP: (0, 0), LEFT: (0, -1), UP: (-1, 0), RIGHT: (0, 1), DOWN: (1, 0)}

    def worth(action):
        dy, dx = steps[action]
        ny, nx = min(max(y + dy, 1), 8), min(max(x + dx, 0), 9)
        near = slice(max(nx - 1, 0), nx + 2)
        gold = min((abs(gy - ny) + abs(gx - nx) for gy, gx in where(state[..., 3])), default=9)
        return -100 * state[ny, nx, 1] - 40 * state[ny, near, 1].any() - gold + random.random()

    return max(steps, key=worth)


def risk(state, x):
    """How soon a bullet comes down on column x."""
    return 100 * state[8, x, 5] + 10 * state[7, x, 5] + state[6, x, 5]


def space_invaders(state, random):
    x = where(state[..., 0])[0][1]
    columns = [c for _, c in where(state[..., 1])]
    aim = min(columns, key=lambda c: abs(c - x)) if columns else x

    def cost(action):
        nx = min(max(x + {LEFT: -1, RIGHT: 1}.get(action, 0), 0), 9)
        return risk(state, nx) + (0.5 if action != (FIRE if aim == x else toward(x, aim)) else 0)

    return min([FIRE, LEFT, RIGHT], key=cost)


def dodger(state, random):
    """Lives until the aliens are down, as it shoots at none."""
    x = where(state[..., 0])[0][1]
    return min([NOOP, LEFT, RIGHT], key=lambda a: risk(state, min(max(x + {LEFT: -1, RIGHT: 1}.get(a, 0), 0), 9)))


def seaquest(state, random, crew=6):
    """Brings `crew` divers up, or as many as there are when the oxygen runs low."""
    (y, x), (_, back) = where(state[..., 0])[0], where(state[..., 1])[0]
    facing = x - back
    oxygen, divers = state[9, :, 7].sum(), state[9, :, 8].sum()
    enemies = state[..., 5] | state[..., 6] | state[..., 4]
    rising = divers >= crew or (divers > 0 and oxygen <= 3)
    targets = where(state[1:9, :, 9])
    ty, tx = (0, x) if rising else min(targets, key=lambda t: abs(t[0] + 1 - y) + abs(t[1] - x), default=(4, x))
    ty += 0 if rising else 1
    ahead = enemies[y, x + 1 :] if facing == 1 else enemies[y, :x]
    if y > 0 and ahead.any() and random.random() < 0.6:
        return FIRE

    def cost(action):
        ny = min(max(y + {UP: -1, DOWN: 1}.get(action, 0), 0), 8)
        nx = min(max(x + {LEFT: -1, RIGHT: 1}.get(action, 0), 0), 9)
        danger = 100 * enemies[ny, nx] + 40 * enemies[ny, max(nx - 1, 0) : nx + 2].any()
        drowned = 200 if ny == 0 and y > 0 and not rising else 0
        return danger + drowned + 2 * abs(ny - ty) + abs(nx - tx) + random.random()

    return min([NOOP, LEFT, RIGHT, UP, DOWN], key=cost)


def impatient(state, random):
    """Comes up with fewer divers than six, so that the game gets faster."""
    return seaquest(state, random, crew=1)


# Who plays: seeds take turns.
POLICIES = {
    "asterix": [asterix],
    "breakout": [breakout],
    "freeway": [freeway],
    "seaquest": [seaquest, impatient, seaquest],
    "space_invaders": [space_invaders, dodger, space_invaders],
}
