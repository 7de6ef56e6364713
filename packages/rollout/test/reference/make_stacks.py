"""Writes what Gymnasium's own frame stacking gives, for frame-stack.test.ts.

    python3 -m venv .venv && .venv/bin/pip install 'gymnasium==1.4.0'
    .venv/bin/python packages/rollout/test/reference/make_stacks.py

A frame is [2, 3] bytes: 16 × episode + 2 × step in the first row, one more in the second. stacks.json has the first
bytes of the frames of every state, [episode][step][frame], of episodes of these lengths.
"""

import json
from pathlib import Path

import gymnasium as gym
import numpy as np
from gymnasium.wrappers import FrameStackObservation

LENGTHS = [3, 1, 7, 2, 5]


class Frames(gym.Env):
    observation_space = gym.spaces.Box(0, 255, (2, 3), np.uint8)
    action_space = gym.spaces.Discrete(2)
    episode = -1

    def frame(self):
        first = 16 * self.episode + 2 * self.t
        return np.array([[first] * 3, [first + 1] * 3], dtype=np.uint8)

    def reset(self, *, seed=None, options=None):
        self.episode, self.t = self.episode + 1, 0
        return self.frame(), {}

    def step(self, action):
        self.t += 1
        return self.frame(), 1.0, self.t == LENGTHS[self.episode], False, {}


def stacks(size):
    env = FrameStackObservation(Frames(), size, padding_type="reset")
    episodes = []
    for length in LENGTHS:
        states = [env.reset()[0]] + [env.step(0)[0] for _ in range(length)]
        assert all((state[:, 1] == state[:, 0] + 1).all() for state in states)
        episodes.append([state[:, 0, 0].tolist() for state in states])
    return episodes


result = {"gymnasium": gym.__version__, "lengths": LENGTHS, "stacks": {str(k): stacks(k) for k in (2, 4, 6)}}
(Path(__file__).parent / "stacks.json").write_text(json.dumps(result) + "\n")
