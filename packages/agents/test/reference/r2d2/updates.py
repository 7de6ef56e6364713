"""200 updates of R2D2 from drawn parameters and sequences, as test/r2d2-checks.ts makes them too.

Written from Kapturowski et al. (2019), a row at a time: stored state, burn-in without a gradient by each network, n-step
double Q-learning on rescaled values, priorities of eta * max + (1 - eta) * mean.
"""
import pathlib
import sys

import numpy as np
import torch

sys.path.append(str(pathlib.Path(__file__).parents[1]))
from lcg import Lcg  # noqa: E402

WIDTH, ACTIONS, UNITS, HIDDEN, STREAM = 3, 3, 5, 6, 4
ROWS, BURN_IN, LENGTH, UPDATES = 6, 3, 6, 200
N, GAMMA, RATE, TAU, CLIP, EPSILON, ETA = 3, 0.9, 1e-3, 0.05, 10.0, 1e-3, 0.9

SPECS = [
    ("hidden0/kernel", (WIDTH, HIDDEN)),
    ("hidden0/bias", (HIDDEN,)),
    ("lstm/kernel", (HIDDEN, 4 * UNITS)),
    ("lstm/recurrent", (UNITS, 4 * UNITS)),
    ("lstm/bias", (4 * UNITS,)),
    *(
        spec
        for stream, outputs in (("value", 1), ("advantage", ACTIONS))
        for spec in (
            (f"{stream}/hidden/kernel", (UNITS, STREAM)),
            (f"{stream}/hidden/bias", (STREAM,)),
            (f"{stream}/output/kernel", (STREAM, outputs)),
            (f"{stream}/output/bias", (outputs,)),
        )
    ),
]
f32 = lambda x: torch.tensor(np.asarray(x, np.float32).astype(np.float64))


def draw_row(lcg):
    """The steps that are there: `before` of the burn-in and `count` of those to train on."""
    before = lcg.integer(BURN_IN + 1)
    count = 1 + lcg.integer(LENGTH)
    begins = before < BURN_IN and lcg.uniform() < 0.5
    terminated = lcg.uniform() < 0.5
    memory = [[0.0 if begins else lcg.uniform() - 0.5 for _ in range(UNITS)] for _ in range(2)]
    states = [[2 * lcg.uniform() - 1 for _ in range(WIDTH)] for _ in range(before + count + 1)]
    actions = [lcg.integer(ACTIONS) for _ in range(before + count)]
    rewards = [4 * lcg.uniform() - 2 for _ in range(before + count)]
    weight = 0.25 + 0.75 * lcg.uniform()
    return dict(
        before=before,
        count=count,
        terminated=terminated,
        memory=[f32(x)[None] for x in memory],
        states=f32(states),
        actions=actions[before:],
        rewards=f32(rewards[before:]),
        weight=f32(weight),
    )


def step(p, memory, state):
    x = torch.relu(state @ p["hidden0/kernel"] + p["hidden0/bias"])[None]
    zero = torch.zeros(4 * UNITS, dtype=torch.float64)
    return torch.lstm_cell(x, memory, p["lstm/kernel"].T, p["lstm/recurrent"].T, p["lstm/bias"], zero)


def values(p, h):
    dense = lambda name, x: x @ p[f"{name}/kernel"] + p[f"{name}/bias"]
    value, advantage = (
        dense(f"{stream}/output", torch.relu(dense(f"{stream}/hidden", h))) for stream in ("value", "advantage")
    )
    return (value + advantage - advantage.mean(-1, keepdim=True))[0]


def unroll(p, row):
    """Q of the states to train on and of the one after them; no gradient flows into the burn-in."""
    memory = row["memory"]
    with torch.no_grad():
        for t in range(row["before"]):
            memory = step(p, memory, row["states"][t])
    out = []
    for t in range(row["before"], len(row["states"])):
        memory = step(p, memory, row["states"][t])
        out.append(values(p, memory[0]))
    return out


h = lambda x: torch.sign(x) * (torch.sqrt(x.abs() + 1) - 1) + EPSILON * x
inverse = lambda y: torch.sign(y) * (
    ((torch.sqrt(1 + 4 * EPSILON * (y.abs() + 1 + EPSILON)) - 1) / (2 * EPSILON)) ** 2 - 1
)


def errors_of(online, target, row):
    q = unroll(online, row)
    with torch.no_grad():
        q_target = unroll(target, row)
    errors = []
    for t in range(row["count"]):
        end = min(t + N, row["count"])
        returns = sum(GAMMA**k * row["rewards"][t + k] for k in range(end - t))
        if not (row["terminated"] and end == row["count"]):
            best = q[end].detach().argmax()
            returns = returns + GAMMA ** (end - t) * inverse(q_target[end][best])
        errors.append(h(returns).detach() - q[t][row["actions"][t]])
    return torch.stack(errors)


def train(seed):
    lcg = Lcg(seed)
    draw = lambda shape: torch.tensor([lcg.uniform() - 0.5 for _ in range(torch.Size(shape).numel())]).double().reshape(shape)
    online = {name: draw(shape).requires_grad_() for name, shape in SPECS}
    target = {name: p.detach().clone() for name, p in online.items()}
    optimizer = torch.optim.Adam(online.values(), lr=RATE)
    losses, priorities = [], []
    for _ in range(UPDATES):
        rows = [draw_row(lcg) for _ in range(ROWS)]
        errors = [errors_of(online, target, row) for row in rows]
        huber = lambda e: torch.where(e.abs() <= 1, e**2 / 2, e.abs() - 0.5)
        loss = sum(row["weight"] * huber(e).sum() for row, e in zip(rows, errors)) / (ROWS * LENGTH)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(online.values(), CLIP)
        optimizer.step()
        with torch.no_grad():
            for name, p in online.items():
                target[name] = TAU * p + (1 - TAU) * target[name]
        losses.append(loss.item())
        priorities = [(ETA * e.abs().max() + (1 - ETA) * e.abs().mean()).item() for e in errors]
    return dict(
        losses=losses, priorities=priorities, online={name: p.detach() for name, p in online.items()}, target=target
    )


def make(seed):
    return train(seed)
