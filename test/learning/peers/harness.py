"""What all peers of `npm run test:learning -- family --peer` have in common: environments, clock, evaluations, end, result.

A peer is a script with one argument, a task in JSON: {environment, seed, part, seconds, every, episodes, solved, judged}. It
trains for `part` of the frames of its own settings, or `seconds`, whichever is over first, or until it is solved as our runs are:
an evaluation of `episodes` greedy episodes has a mean return of `solved`, and as many fresh ones have too. Evaluations come every
`every` frames, with the clock stopped. At the end `judged` greedy episodes are played by the last weights and by those of the best
evaluation, and what came of it is printed as JSON.

PyTorch's threads are as PyTorch chooses them: nothing is set, as in the programs that these stand for.
"""

import copy
import json
import math
import platform
import sys
import time
from importlib.metadata import version

import gymnasium
import numpy as np
import torch


class MinAtarCopy:
    """A game of the `minatar` package with the actions that it needs, in Gymnasium's terms."""

    def __init__(self, id):
        from minatar import Environment

        name = id.removeprefix("MinAtar/").removesuffix("-v1")
        self.game = Environment("_".join(split_words(name)))
        self.actions = self.game.minimal_action_set()
        self.shape = tuple(self.game.state_shape())

    def reset(self, seed=None):
        if seed is not None:
            self.game.seed(seed)
        self.game.reset()
        return self.game.state(), {}

    def step(self, action):
        reward, terminated = self.game.act(self.actions[action])
        return self.game.state(), reward, terminated, False, {}


def split_words(name):
    """SpaceInvaders as space, invaders."""
    starts = [i for i, letter in enumerate(name) if letter.isupper()]
    return [name[i:j].lower() for i, j in zip(starts, starts[1:] + [len(name)])]


def make(id):
    """One copy of an environment."""
    return MinAtarCopy(id) if id.startswith("MinAtar/") else gymnasium.make(id)


class Run:
    """A peer's run. `frames` are those of its own settings; `self.frames` what is trained for, by which schedules go."""

    def __init__(self, frames):
        self.task = json.loads(sys.argv[1])
        self.id = self.task["environment"]
        self.seed = self.task["seed"]
        self.frames = math.ceil(frames * self.task["part"])
        np.random.seed(self.seed)
        torch.manual_seed(self.seed)
        self.copies = [make(self.id) for _ in range(self.task["episodes"])]
        self.due = self.task["every"]
        self.curve = []
        self.best = None

    def begin(self, network):
        """Starts the clock. `network` maps observations [rows, …] to values [rows, actions], and is what is judged."""
        self.network = network
        self.done = self.updates = 0
        self.began = time.perf_counter()
        self.seconds = 0.0

    def is_over(self, frames, updates):
        """Whether training has to end after so many frames and updates. Evaluates where that is due."""
        self.done, self.updates = frames, updates
        self.seconds = time.perf_counter() - self.began
        if frames >= self.due:
            self.due = frames + self.task["every"]
            solved = self.evaluate()
            # The clock has stood still meanwhile.
            self.began = time.perf_counter() - self.seconds
            if solved:
                return True
        return frames >= self.frames or self.seconds >= self.task["seconds"]

    def evaluate(self):
        """Keeps the best weights. Returns whether the task is solved."""
        goal, episodes = self.task["solved"], self.task["episodes"]
        mean = np.mean(self.play(episodes, first_seed=1_000_000 * self.seed + self.done))
        self.curve.append([self.done, float(mean), self.seconds])
        if self.best is None or mean > self.best["mean"]:
            weights = copy.deepcopy(self.network.state_dict())
            self.best = {"mean": mean, "updates": self.updates, "weights": weights}
        if goal is None or mean < goal:
            return False
        return np.mean(self.play(episodes, first_seed=1_000_000 * self.seed + 500_000_000)) >= goal

    def play(self, episodes, first_seed):
        """Returns of greedy episodes, in rounds of as many as there are copies."""
        returns = []
        while len(returns) < episodes:
            copies = self.copies[: episodes - len(returns)]
            states = [copy.reset(seed=first_seed + len(returns) + i)[0] for i, copy in enumerate(copies)]
            totals, live = [0.0] * len(copies), list(range(len(copies)))
            while live:
                actions = self.greedy(np.stack([states[i] for i in live]))
                ended = set()
                for i, action in zip(live, actions):
                    states[i], reward, terminated, truncated, _ = copies[i].step(action)
                    totals[i] += float(reward)
                    if terminated or truncated:
                        ended.add(i)
                live = [i for i in live if i not in ended]
            returns += totals
        return returns

    def greedy(self, observations):
        with torch.no_grad():
            return self.network(torch.as_tensor(observations, dtype=torch.float32)).argmax(1).tolist()

    def finish(self):
        """Judges the last and the best weights, and prints what came of the run."""
        if self.done > (self.curve[-1][0] if self.curve else 0):
            self.evaluate()
        held_out = 1_000_000 * self.seed + 900_000_000
        last = {"updates": self.updates, "returns": self.play(self.task["judged"], held_out)}
        self.network.load_state_dict(self.best["weights"])
        best = {"updates": self.best["updates"], "returns": self.play(self.task["judged"], held_out)}
        packages = ["torch", "numpy", "MinAtar" if self.id.startswith("MinAtar/") else "gymnasium"]
        packages += ["stable-baselines3"] if "stable_baselines3" in sys.modules else []
        versions = {name: version(name) for name in packages}
        versions |= {"python": platform.python_version(), "threads": str(torch.get_num_threads())}
        result = {"frames": self.done, "updates": self.updates, "wallSeconds": self.seconds, "last": last, "best": best}
        print(json.dumps(result | {"curve": self.curve, "versions": versions}))
