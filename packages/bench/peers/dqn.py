"""The step of `qfleet bench learner` and the forward pass of `qfleet bench inference` in PyTorch.

Called with JSON in its one argument; answers as packages/bench/src/contest/contestant.ts asks: a line when ready, then
for each line `milliseconds` on stdin the microseconds an operation took over that time.
"""

import json
import logging
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from contestant import answer_measurements


def network(case):
    shape, actions = case["spec"]["shape"], case["spec"]["actions"]
    if case["network"]["kind"] == "nature-cnn":
        return NatureCnn(shape[-1], actions)
    if case["network"]["kind"] == "minatar-cnn":
        return MinAtarCnn(shape, case["network"], actions)
    sizes = [shape[0], *case["network"]["hidden"], actions]
    layers = []
    for before, after in zip(sizes, sizes[1:]):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class NatureCnn(nn.Module):
    """Mnih et al., 2015, on frames [rows, height, width, channels] of bytes."""

    def __init__(self, channels, actions):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 32, 8, 4), nn.ReLU(),
            nn.Conv2d(32, 64, 4, 2), nn.ReLU(),
            nn.Conv2d(64, 64, 3, 1), nn.ReLU(),
            nn.Flatten(), nn.Linear(3136, 512), nn.ReLU(), nn.Linear(512, actions),
        ).to(memory_format=torch.channels_last)

    def forward(self, frames):
        # The bytes lie as channels_last wants them: a view, no copy.
        return self.layers(frames.permute(0, 3, 1, 2).float() * (1 / 255))


class MinAtarCnn(nn.Module):
    """Young and Tian, 2019, on grids [rows, height, width, channels] of zeros and ones."""

    def __init__(self, shape, config, actions):
        super().__init__()
        height, width, channels = shape
        filters, (hidden,) = config["filters"], config["hidden"]
        self.layers = nn.Sequential(
            nn.Conv2d(channels, filters, 3), nn.ReLU(), nn.Flatten(),
            nn.Linear((height - 2) * (width - 2) * filters, hidden), nn.ReLU(), nn.Linear(hidden, actions),
        )

    def forward(self, grids):
        return self.layers(grids.permute(0, 3, 1, 2).float())


class Learner:
    """DQN with importance weights, Huber loss, Adam and a soft update."""

    def __init__(self, case):
        self.online, self.target = network(case), network(case)
        self.target.load_state_dict(self.online.state_dict())
        self.parameters = list(self.online.parameters())
        self.targets = list(self.target.parameters())
        # Fused is PyTorch's fastest Adam on the CPU.
        self.adam = torch.optim.Adam(self.parameters, lr=5e-4, eps=1e-8, fused=True)

    def step(self, observations, actions, returns, discounts, following, weights):
        with torch.no_grad():
            y = returns + discounts * self.target(following).amax(1)
        q = self.online(observations)
        taken = q.gather(1, actions).squeeze(1)
        loss = (weights * F.smooth_l1_loss(taken, y, reduction="none")).mean()
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.targets, self.parameters, 0.005)
        return (taken.detach() - y).abs(), loss.detach(), taken.detach().mean()


def observations(case, rows, random):
    shape = (rows, *case["spec"]["shape"])
    if case["spec"].get("high") == 1:
        # The part of Breakout's cells that hold something: see drawObservations.
        return (random.random(shape) < 33 / 400).astype(np.uint8)
    if case["spec"]["dtype"] == "uint8":
        return random.integers(0, 256, shape, dtype=np.uint8)
    return random.standard_normal(shape, dtype=np.float32)


def batch(case):
    random, rows = np.random.default_rng(0), case["batchSize"]
    return (
        observations(case, rows, random),
        random.integers(0, case["spec"]["actions"], (rows, 1)),
        random.standard_normal(rows, dtype=np.float32),
        np.full(rows, 0.99, np.float32),
        observations(case, rows, random),
        np.ones(rows, np.float32),
    )


def learner_call(options):
    learner, data = Learner(options["learnerCase"]), batch(options["learnerCase"])
    run = torch.compile(learner.step) if options["compile"] else learner.step

    def call():
        # In and out as our side has it: arrays, and two figures as numbers.
        errors, *figures = run(*map(torch.from_numpy, data))
        return errors.numpy(), torch.stack(figures).tolist()

    return call


def inference_call(options):
    case, rows = options["learnerCase"], options["rows"]
    net = network(case)
    data = observations(case, rows, np.random.default_rng(0))

    def call():
        with torch.inference_mode():
            return net(torch.from_numpy(data)).argmax(1).numpy()

    return call


def main():
    options = json.loads(sys.argv[1])
    # torch.compile warns of what it can't take in.
    logging.getLogger("torch").setLevel(logging.ERROR)
    if "threads" in options:
        torch.set_num_threads(options["threads"])
    call = (inference_call if "rows" in options else learner_call)(options)
    answer_measurements(call)


main()
