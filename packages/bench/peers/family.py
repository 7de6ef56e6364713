"""The updates and the policies of `qfleet bench family` in PyTorch, as its users write them.

Called with JSON in its one argument: `agent`, the configuration of an agent as docs/agents.md has it, and `spec`, what it
sees; with `rows` it acts on so many states, else it learns. Answers as packages/bench/src/contest/contestant.ts asks.
"""

import json
import logging
import math
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from contestant import answer_measurements


class NoisyLinear(nn.Module):
    """Fortunato et al., 2018: factorised noise, drawn anew for each pass; its mean where `drawn` is false."""

    def __init__(self, inputs, outputs, sigma):
        super().__init__()
        plain = nn.Linear(inputs, outputs)
        self.weight, self.bias = plain.weight, plain.bias
        start = sigma / math.sqrt(inputs)
        self.weight_sigma = nn.Parameter(torch.full_like(plain.weight, start))
        self.bias_sigma = nn.Parameter(torch.full_like(plain.bias, start))

    def forward(self, x):
        draw = lambda n: (lambda z: z.sign() * z.abs().sqrt())(torch.randn(n))
        into, out = draw(self.weight.shape[1]), draw(self.weight.shape[0])
        weight = self.weight + self.weight_sigma * torch.outer(out, into)
        return F.linear(x, weight, self.bias + self.bias_sigma * out)


class Network(nn.Module):
    """Torso, core and head of a configuration; outputs [rows, actions], or [rows, actions, n] of distributions."""

    def __init__(self, agent, spec):
        super().__init__()
        config, kind = agent["network"], agent.get("objective", {"kind": "expected"})
        self.config, self.objective, self.actions = config, kind, spec["actions"]
        self.iqn, self.dueling = kind["kind"] == "iqn", config["dueling"]
        hidden = config["hidden"]
        shared = hidden[:-1] if self.dueling or self.iqn else hidden
        if config["kind"] == "minatar-cnn":
            height, width, channels = spec["shape"]
            filters = config["filters"]
            self.conv = nn.Conv2d(channels, filters, 3)
            self.conv_norm = nn.LayerNorm(filters, eps=1e-6) if config["layerNorm"] else None
            size = (height - 2) * (width - 2) * filters
        else:
            self.conv, size = None, spec["shape"][0]
        layers = []
        for units in shared:
            layers.append(self.hidden(size, units))
            size = units
        self.torso = nn.Sequential(*layers)
        self.lstm = None
        if config["core"]["kind"] == "lstm":
            self.lstm = nn.LSTM(size, config["core"]["units"], batch_first=True)
            size = config["core"]["units"]
        self.per = {"c51": kind.get("atoms"), "hl-gauss": kind.get("bins"), "qr": kind.get("quantiles")}.get(kind["kind"], 1)
        if self.iqn:
            self.embedding = nn.Linear(kind["cosines"], size)
            self.register_buffer("waves", math.pi * torch.arange(kind["cosines"]))
            count = kind["actingSamples"]
            self.register_buffer("middles", (2 * torch.arange(count) + 1) / (2 * count))
        if self.dueling:
            self.value = nn.Sequential(self.hidden(size, hidden[-1]), self.linear(hidden[-1], self.per))
            self.advantage = nn.Sequential(self.hidden(size, hidden[-1]), self.linear(hidden[-1], self.actions * self.per))
        elif self.iqn:
            self.output = nn.Sequential(self.hidden(size, hidden[-1]), self.linear(hidden[-1], self.actions))
        else:
            self.output = self.linear(size, self.actions * self.per)

    def linear(self, inputs, outputs):
        noisy = self.config["noisy"]
        return nn.Linear(inputs, outputs) if noisy is None else NoisyLinear(inputs, outputs, noisy["sigma"])

    def hidden(self, inputs, units):
        norm = [nn.LayerNorm(units, eps=1e-6)] if self.config["layerNorm"] else []
        return nn.Sequential(self.linear(inputs, units), *norm, nn.ReLU())

    def features(self, states):
        if self.conv is None:
            return self.torso(states)
        x = self.conv(states.permute(0, 3, 1, 2).float())
        if self.conv_norm is not None:
            x = self.conv_norm(x.permute(0, 2, 3, 1))
        return self.torso(torch.relu(x).flatten(1))

    def head(self, x, levels=None):
        rows = x.shape[0]
        if self.iqn:
            levels = self.middles.expand(rows, -1) if levels is None else levels
            x = x[:, None] * torch.relu(self.embedding(torch.cos(levels[:, :, None] * self.waves)))
        shape = (*x.shape[:-1], -1, self.per)
        if self.dueling:
            advantage = self.advantage(x).reshape(shape)
            out = self.value(x).reshape(shape) + advantage - advantage.mean(-2, keepdim=True)
        else:
            out = self.output(x).reshape(shape)
        if self.iqn:
            return out.squeeze(-1).transpose(1, 2)
        return out.squeeze(-1) if self.per == 1 else out

    def forward(self, states, levels=None):
        return self.head(self.features(states), levels)

    def unroll(self, states, memory):
        """Of sequences [rows, steps, …]: what the core makes of each step, and its memory after them."""
        rows, steps = states.shape[:2]
        return self.lstm(self.features(states.flatten(0, 1)).reshape(rows, steps, -1), memory)

    def values(self, out):
        """Q of the head's outputs."""
        kind = self.objective["kind"]
        if kind in ("c51", "hl-gauss"):
            return (out.softmax(2) * self.support()).sum(2)
        return out.mean(2) if kind in ("qr", "iqn") else out

    def support(self):
        low, high = self.objective["low"], self.objective["high"]
        if self.objective["kind"] == "c51":
            return torch.linspace(low, high, self.per)
        width = (high - low) / self.per
        return torch.linspace(low + width / 2, high - width / 2, self.per)


def rows_at(x, actions):
    return x[torch.arange(len(actions)), actions]


def rescale(x, epsilon):
    return x.sign() * ((x.abs() + 1).sqrt() - 1) + epsilon * x


def unscale(x, epsilon):
    return x.sign() * ((((1 + 4 * epsilon * (x.abs() + 1 + epsilon)).sqrt() - 1) / (2 * epsilon)).square() - 1)


class Learner:
    """One update of a member of the DQN family: targets, loss, gradient, clipping, optimizer, target network."""

    def __init__(self, agent, spec):
        self.agent, self.objective = agent, agent["objective"]
        self.online, self.target = Network(agent, spec), Network(agent, spec)
        self.target.load_state_dict(self.online.state_dict())
        self.parameters, self.targets = list(self.online.parameters()), list(self.target.parameters())
        self.optimizer = optimizer_of(agent, self.parameters)
        self.updates = 0

    def bootstrap(self, online, target, batch):
        """π(· | s'), the return and what is added to the next value; online and target: Q of s', here: Q⁻ of s."""
        munchausen = self.agent["munchausen"]
        if munchausen is None:
            chooser = online() if self.agent["doubleQ"] else target
            return F.one_hot(chooser.argmax(1), target.shape[1]).float(), batch["returns"], 0
        tau = munchausen["tau"]
        logs = tau * F.log_softmax(target / tau, 1)
        policy = F.softmax(target / tau, 1)
        here = tau * F.log_softmax(self.target.values(self.target(batch["observations"])) / tau, 1)
        bonus = munchausen["alpha"] * rows_at(here, batch["actions"]).clamp(munchausen["clip"], 0)
        return policy, batch["returns"] + bonus, -(policy * logs).sum(1)

    def transitions(self, batch):
        """The target of a batch and the outputs that are held to it."""
        kind, following = self.objective["kind"], batch["following"]
        with torch.no_grad():
            levels = None
            if kind == "iqn":
                drawn = torch.rand(len(following), self.objective["targetSamples"])
                acting = self.target.middles.expand(len(following), -1)
                both = self.target(following, torch.cat([drawn, acting], 1))
                out, choosing = both.split([drawn.shape[1], acting.shape[1]], 2)
                levels = torch.rand(len(following), self.objective["samples"])
            else:
                out = choosing = self.target(following)
            online = lambda: self.online.values(self.online(following))
            policy, returns, added = self.bootstrap(online, self.target.values(choosing), batch)
            discounts = batch["discounts"]
            if kind == "c51":
                next_p = (out.softmax(2) * policy[:, :, None]).sum(1)
                target = self.project(next_p, returns, discounts)
            elif kind in ("qr", "iqn"):
                z = (out * policy[:, :, None]).sum(1) + (added[:, None] if torch.is_tensor(added) else 0)
                target = returns[:, None] + discounts[:, None] * z
            else:
                value = (self.target.values(out) * policy).sum(1) + added
                target = returns + discounts * value
                if kind == "hl-gauss":
                    target = self.gaussian(target)
        return target, rows_at(self.online(batch["observations"], levels), batch["actions"]), levels

    def sequences(self, batch):
        """The same of sequences (Kapturowski et al., 2019): burn-in, double Q, n steps, rescaled values."""
        burn_in, length, n = self.agent["sequence"]["burnIn"], self.agent["sequence"]["length"], self.agent["nSteps"]
        states, memory, there = batch["observations"], batch["memory"], batch["valid"][:, burn_in:]
        rows = len(states)
        with torch.no_grad():
            start, target_start = (net.unroll(states[:, :burn_in], memory)[1] for net in (self.online, self.target))
            trained = states[:, burn_in:]
            following = self.target.head(self.target.unroll(trained, target_start)[0].flatten(0, 1)).reshape(rows, length + 1, -1)
        # One pass gives the values that learn and, detached, those that choose.
        q = self.online.head(self.online.unroll(trained, start)[0].flatten(0, 1)).reshape(rows, length + 1, -1)
        with torch.no_grad():
            epsilon = self.agent["valueRescaling"]
            best = following.gather(2, q.argmax(2, keepdim=True)).squeeze(2)
            best = best if epsilon is None else unscale(best, epsilon)
            rewards = F.pad(batch["rewards"][:, burn_in:], (0, n - 1))
            discounts = F.pad(batch["discounts"][:, burn_in:], (0, n - 1), value=1.0)
            returns, product = torch.zeros_like(there), torch.ones_like(there)
            for k in range(n):
                returns = returns + product * rewards[:, k : k + length]
                product = product * discounts[:, k : k + length]
            ends = (torch.arange(length) + n).clamp(max=length).expand(rows, -1)
            target = returns + product * best.gather(1, ends)
            target = target if epsilon is None else rescale(target, epsilon)
        taken = q[:, :length].gather(2, batch["actions"][:, burn_in:, None]).squeeze(2)
        return (target * there).flatten(), (taken * there).flatten(), None

    def project(self, p, returns, discounts):
        """Bellemare et al., 2017, algorithm 1."""
        low, high, atoms = self.objective["low"], self.objective["high"], self.objective["atoms"]
        moved = (returns[:, None] + discounts[:, None] * self.online.support()).clamp(low, high)
        b = ((moved - low) / ((high - low) / (atoms - 1))).clamp(0, atoms - 1)
        lower, upper = b.floor(), b.ceil()
        mass = torch.zeros_like(p)
        mass.scatter_add_(1, lower.long(), p * (upper + (lower == upper).float() - b))
        return mass.scatter_add_(1, upper.long(), p * (b - lower))

    def gaussian(self, target):
        low, high, bins = self.objective["low"], self.objective["high"], self.objective["bins"]
        width = (high - low) / bins
        edges = torch.linspace(low, high, bins + 1)
        cdf = torch.erf((edges - target.clamp(low, high)[:, None]) / (math.sqrt(2) * self.objective["sigma"] * width))
        return (cdf[:, 1:] - cdf[:, :-1]) / (cdf[:, -1:] - cdf[:, :1])

    def losses(self, target, out, levels):
        """Of each row, with its priority."""
        kind = self.objective["kind"]
        if kind in ("c51", "hl-gauss"):
            logs = F.log_softmax(out, 1)
            return -(target * logs).sum(1), F.kl_div(logs, target, reduction="none").sum(1)
        if kind in ("qr", "iqn"):
            count = out.shape[1]
            levels = (2 * torch.arange(count)[None] + 1) / (2 * count) if levels is None else levels
            u = target[:, None, :] - out[:, :, None]
            kappa = self.objective["kappa"]
            huber = torch.where(u.abs() <= kappa, 0.5 * u.square(), kappa * (u.abs() - 0.5 * kappa)) / kappa
            losses = ((levels[:, :, None] - (u.detach() < 0).float()).abs() * huber).mean(2).sum(1)
            return losses, losses
        losses = F.mse_loss(out, target, reduction="none")
        if self.agent["loss"] == "huber":
            losses = F.huber_loss(out, target, reduction="none", delta=self.agent["huberKappa"])
        return losses, (out - target).abs()

    def step(self, batch):
        target, out, levels = (self.sequences if self.agent["sequence"] else self.transitions)(batch)
        losses, priorities = self.losses(target, out, levels)
        weights = batch["weights"]
        if self.agent["sequence"]:
            weights = weights.repeat_interleave(self.agent["sequence"]["length"])
        loss = (weights * losses).mean()
        descend(self.optimizer, self.parameters, loss, self.agent["gradientClip"])
        if self.agent["target"]["kind"] == "soft":
            with torch.no_grad():
                torch._foreach_lerp_(self.targets, self.parameters, self.agent["target"]["tau"])
        return priorities.detach(), loss.detach()

    def copy(self):
        self.updates += 1
        if self.agent["target"]["kind"] == "hard" and self.updates % self.agent["target"]["every"] == 0:
            with torch.no_grad():
                torch._foreach_copy_(self.targets, self.parameters)


def optimizer_of(agent, parameters):
    options = dict(lr=agent["learningRate"], eps=agent["adamEpsilon"])
    # Fused is PyTorch's fastest Adam on the CPU; RAdam has none.
    return torch.optim.RAdam(parameters, **options) if agent["optimizer"]["kind"] == "radam" else torch.optim.Adam(parameters, fused=True, **options)


def descend(optimizer, parameters, loss, clip):
    optimizer.zero_grad()
    loss.backward()
    if clip is not None:
        nn.utils.clip_grad_norm_(parameters, clip)
    optimizer.step()


def observations(spec, count, random):
    shape = (*count, *spec["shape"])
    if spec.get("high") == 1:
        # The part of Breakout's cells that hold something: see drawObservations.
        return (random.random(shape) < 33 / 400).astype(np.uint8)
    return random.standard_normal(shape, dtype=np.float32)


def batch_of(agent, spec):
    random, rows = np.random.default_rng(0), agent["batchSize"]
    normal = lambda *shape: random.standard_normal(shape, dtype=np.float32)
    if not agent["sequence"]:
        return dict(
            observations=observations(spec, (rows,), random),
            actions=random.integers(0, spec["actions"], rows),
            returns=normal(rows),
            discounts=np.full(rows, 0.99, np.float32),
            following=observations(spec, (rows,), random),
            weights=np.ones(rows, np.float32),
        )
    steps = agent["sequence"]["burnIn"] + agent["sequence"]["length"]
    return dict(
        observations=observations(spec, (rows, steps + 1), random),
        actions=random.integers(0, spec["actions"], (rows, steps)),
        rewards=normal(rows, steps),
        discounts=np.full((rows, steps), 0.99, np.float32),
        valid=np.ones((rows, steps), np.float32),
        weights=np.ones(rows, np.float32),
        hidden=normal(1, rows, agent["network"]["core"]["units"]),
        cell=normal(1, rows, agent["network"]["core"]["units"]),
    )


def update_call(agent, spec, compiled):
    learner, data = Learner(agent, spec), batch_of(agent, spec)
    run = torch.compile(learner.step) if compiled else learner.step

    def call():
        batch = {name: torch.from_numpy(x) for name, x in data.items()}
        if "hidden" in batch:
            batch["memory"] = (batch.pop("hidden"), batch.pop("cell"))
        priorities, loss = run(batch)
        learner.copy()
        # In and out as our side has it: arrays, and a number.
        return priorities.numpy(), loss.item()

    return call, 1


def round_call(agent, spec, compiled):
    """PQN's updates on a round: λ-returns, then epochs of minibatches."""
    random, copies, steps = np.random.default_rng(0), agent["copies"], agent["steps"]
    size, count = copies * steps, agent["minibatches"]
    net = Network(agent, spec)
    parameters = list(net.parameters())
    optimizer = optimizer_of(agent, parameters)
    states = observations(spec, (size,), random)
    actions = random.integers(0, spec["actions"], size)
    rewards, values = (random.standard_normal((steps, copies), dtype=np.float32) for _ in range(2))

    def step(observed, taken, returns):
        loss = 0.5 * (returns - rows_at(net(observed), taken)).square().mean()
        descend(optimizer, parameters, loss, agent["gradientClip"])
        return loss.detach()

    run = torch.compile(step) if compiled else step

    def call():
        observed, taken, r, v = map(torch.from_numpy, (states, actions, rewards, values))
        returns = torch.empty_like(r)
        following = v[-1]
        for t in reversed(range(steps)):
            following = r[t] + agent["discount"] * (v[t] + agent["lambda"] * (following - v[t]))
            returns[t] = following
        returns, losses = returns.flatten(), []
        for _ in range(agent["epochs"]):
            for places in torch.randperm(size).chunk(count):
                losses.append(run(observed[places], taken[places], returns[places]))
        return torch.stack(losses).mean().item()

    return call, agent["epochs"] * count


def acting_call(agent, spec, rows, compiled):
    net = Network(agent, spec)
    random = np.random.default_rng(0)
    data = observations(spec, (rows,), random)
    memory = None
    if net.lstm is not None:
        memory = tuple(torch.zeros(1, rows, agent["network"]["core"]["units"]) for _ in range(2))

    def act(states, memory):
        if memory is None:
            return net.values(net(states)).argmax(1), None
        features, memory = net.unroll(states[:, None], memory)
        return net.values(net.head(features[:, 0])).argmax(1), memory

    run = torch.compile(act) if compiled else act

    def call():
        nonlocal memory
        with torch.inference_mode():
            actions, memory = run(torch.from_numpy(data), memory)
            return actions.numpy()

    return call, rows


def main():
    options = json.loads(sys.argv[1])
    # torch.compile warns of what it can't take in.
    logging.getLogger("torch").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    agent, spec, compiled = options["agent"], options["spec"], options["compile"]
    if "rows" in options:
        call, count = acting_call(agent, spec, options["rows"], compiled)
    else:
        call, count = (round_call if agent["kind"] == "pqn" else update_call)(agent, spec, compiled)
    # Of its one thread, as our side measures itself.
    answer_measurements(call, count, time.process_time)


main()
