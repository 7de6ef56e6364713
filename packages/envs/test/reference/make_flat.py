"""Writes what Gymnasium's flatten_space and flatten give, for composite.test.ts.

    python3 -m venv .venv && .venv/bin/pip install 'gymnasium==1.4.0'
    .venv/bin/python packages/envs/test/reference/make_flat.py

Spaces and values are written as Qfleet takes them; bounds and observations are Gymnasium's, flattened.
"""

import argparse
import json
from pathlib import Path

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, Tuple, flatten, flatten_space

SPACES = [
    # Keys that are not in order, and one beyond the Basic Multilingual Plane.
    Dict(
        {
            "zebra": Box(-1, 1, (2, 2), np.float32),
            "door": Discrete(3),
            "\U0001f6aa": Box(np.array([0, -5], np.float32), np.array([1, 5], np.float32)),
            "\uffee": Discrete(2),
            "Agent": Box(-np.inf, np.inf, (), np.float32),
        }
    ),
    Tuple([Discrete(4), Box(0, 255, (2, 3), np.uint8), Discrete(1)]),
    Dict({"inner": Dict({"b": Tuple([Discrete(2), Box(-3, 3, (1,), np.int32)]), "a": Discrete(5)}), "first": Discrete(2)}),
    Tuple([Discrete(2), Discrete(3)]),
    Dict({"half": Box(-2, 2, (3,), np.float16), "byte": Box(0, 9, (2,), np.uint8)}),
]


def number(x):
    return repr(float(x)) if np.isinf(x) else float(x)


def spec(space):
    match space:
        case Dict():
            return {"kind": "dict", "spaces": {key: spec(part) for key, part in space.spaces.items()}}
        case Tuple():
            return {"kind": "tuple", "spaces": [spec(part) for part in space.spaces]}
        case Discrete():
            return {"kind": "discrete", "n": int(space.n)}
        case Box():
            low, high = ([number(x) for x in bound.flatten()] for bound in (space.low, space.high))
            return {"kind": "box", "shape": list(space.shape), "dtype": str(space.dtype), "low": low, "high": high}


def plain(space, value):
    match space:
        case Dict():
            # In another order than the space's.
            return {key: plain(space[key], value[key]) for key in reversed(list(value))}
        case Tuple():
            return [plain(part, each) for part, each in zip(space.spaces, value)]
        case Discrete():
            return int(value)
        case Box():
            return [float(x) for x in value.flatten()]


parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--out", type=Path, default=Path(__file__).parent)
args = parser.parse_args()

cases = []
for space in SPACES:
    space.seed(args.seed)
    flat = flatten_space(space)
    values = [space.sample() for _ in range(4)]
    cases.append(
        {
            "space": spec(space),
            "low": [number(x) for x in flat.low],
            "high": [number(x) for x in flat.high],
            "values": [plain(space, value) for value in values],
            "flat": [[float(x) for x in flatten(space, value)] for value in values],
        }
    )
(args.out / "flat.json").write_text(json.dumps({"gymnasium": gym.__version__, "cases": cases}) + "\n")
