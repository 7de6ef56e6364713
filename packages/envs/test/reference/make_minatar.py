"""Writes what the package MinAtar itself does, for minatar.test.ts to hold the native games against.

    python3 -m venv .venv && .venv/bin/pip install 'MinAtar==1.0.15' 'numpy==2.4.6'
    .venv/bin/python packages/envs/test/reference/make_minatar.py [--acts N] [--seeds N] [--seed FIRST] [--out FOLDER] [GAME ...]

The package is GPL: it is run here, and nothing of its source is in Qfleet. Each file is gzip of a line of JSON
{game, channels, acts, runs: [{seed, options}]} and then, for each run: `acts` actions, rewards and ends, a byte each, and the states.
These are the one after `seed(N)` and `reset()`, the one after each act and, where it ended the episode, the one
after the `reset()` that follows. A state is its [10, 10, channels] bits, row by row, the first in a byte's highest
place, exclusive-or the state before it.
"""

import argparse
import gzip
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
from minatar import Environment
from minatar_policies import POLICIES

assert version("MinAtar") == "1.0.15", version("MinAtar")


def played(env, game, seed, acts):
    random = np.random.default_rng(seed)
    env.seed(seed)
    env.reset()
    states = [np.packbits(env.state())]
    actions, rewards, ends = [], [], []
    policy = POLICIES[game][seed % len(POLICIES[game])]
    clumsy = [0, 0.1, 0.5][seed % 3]
    for _ in range(acts):
        action = int(random.integers(6)) if random.random() < clumsy else policy(env.state(), random)
        reward, end = env.act(action)
        assert reward == int(reward) and 0 <= reward < 256
        actions.append(action)
        rewards.append(int(reward))
        ends.append(bool(end))
        states.append(np.packbits(env.state()))
        if end:
            env.reset()
            states.append(np.packbits(env.state()))
    changes = [states[0]] + [a ^ b for a, b in zip(states, states[1:])]
    print(game, "seed", seed, "reward", sum(rewards), "ends", sum(ends), "longest", longest(ends))
    return bytes(actions) + bytes(rewards) + bytes(ends) + b"".join(change.tobytes() for change in changes)


def longest(ends):
    at = [-1, *np.flatnonzero(ends), len(ends) - 1]
    return int(max(np.diff(at)))


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0, help="the first")
parser.add_argument("--acts", type=int, default=2600)
parser.add_argument("--seeds", type=int, default=4)
parser.add_argument("--out", type=Path, default=Path(__file__).parent)
parser.add_argument("games", nargs="*", default=list(POLICIES))
args = parser.parse_args()
# The last seed plays without ramps, and with actions that stick more.
USUAL = {"sticky_action_prob": 0.1, "difficulty_ramping": True}
OTHER = {"sticky_action_prob": 0.25, "difficulty_ramping": False}
runs = [{"seed": args.seed + i, "options": USUAL if i < args.seeds - 1 else OTHER} for i in range(args.seeds)]
for game in args.games:
    # The package's copy is made for each seed, as the last action outlives a seed.
    envs = [Environment(game, **run["options"]) for run in runs]
    head = {"game": game, "channels": envs[0].state_shape()[2], "acts": args.acts, "runs": runs}
    body = b"".join(played(env, game, run["seed"], args.acts) for env, run in zip(envs, runs))
    data = json.dumps(head).encode() + b"\n" + body
    (args.out / "minatar" / f"{game}.gz").write_bytes(gzip.compress(data, 9, mtime=0))
