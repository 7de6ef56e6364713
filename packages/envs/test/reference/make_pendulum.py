"""Writes what Gymnasium's Pendulum-v1 does on torques in levels, for pendulum.test.ts to hold ours against.

    python3 -m venv .venv && .venv/bin/pip install 'gymnasium==1.4.0'
    .venv/bin/python packages/envs/test/reference/make_pendulum.py

Episodes of 200 steps from given states, through gym.make's own TimeLimit. Arrays are base64 of little-endian values:
states and rewards of float64, observations of float32.
"""

import argparse
import base64
import json
from pathlib import Path

import gymnasium as gym
import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=2026)
parser.add_argument("--out", type=Path, default=Path(__file__).parent)
args = parser.parse_args()


def pack(values, dtype):
    return base64.b64encode(np.asarray(values, dtype=dtype).tobytes()).decode()


def episode(rng, state, levels, g=10.0, action=None):
    env = gym.make("Pendulum-v1", g=g)
    env.reset(seed=0)
    env.unwrapped.state = np.array(state, dtype=np.float64)
    torques = np.linspace(-2.0, 2.0, levels)
    actions, states, observations, rewards, truncations = [], [], [], [], []
    while not (truncations and truncations[-1]):
        # One level for some steps, so that the pendulum gains speed.
        if len(actions) % 10 == 0:
            level = int(rng.integers(levels)) if action is None else action
        observation, reward, terminated, truncated, _ = env.step(torques[level : level + 1])
        assert observation.dtype == np.float32 and not terminated
        actions.append(level)
        states.append(env.unwrapped.state)
        observations.append(observation)
        rewards.append(reward)
        truncations.append(truncated)
    assert len(actions) == 200
    return {
        "options": {"levels": levels, "g": g},
        "state": [float(x) for x in state],
        "actions": actions,
        "states": pack(states, "<f8"),
        "observations": pack(observations, "<f4"),
        "rewards": pack(rewards, "<f8"),
    }


rng = np.random.default_rng(args.seed)
episodes = [episode(rng, rng.uniform(-1, 1, 2) * [np.pi, 1], 5) for _ in range(4)]
# Another count of levels; another gravity; at the bounds of speed, far from one turn; hanging still.
episodes.append(episode(rng, [2.0, -0.5], 4))
episodes.append(episode(rng, [-1.0, 0.5], 3, g=9.81))
episodes.append(episode(rng, [-20.0, 8.0], 5, action=4))
episodes.append(episode(rng, [np.pi, 0.0], 5, action=2))
value = {"id": "Pendulum-v1", "gymnasium": gym.__version__, "episodes": episodes}
(args.out / "pendulum.json").write_text(json.dumps(value) + "\n")
