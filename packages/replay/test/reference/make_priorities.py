"""Writes what NumPy and cpprb give, for td-errors.test.ts and importance.test.ts.

    python3 -m venv .venv && .venv/bin/pip install 'numpy==2.4.6' 'cpprb==11.0.0'
    .venv/bin/python packages/replay/test/reference/make_priorities.py

tdErrors: |n-step TD errors| of an actor's steps, in float64, from the definition. weights: cpprb's importance weight of
every transition, normalised by the largest of the whole table, whatever else is in the batch.
"""

import json
from pathlib import Path

import cpprb
import numpy as np

rng = np.random.default_rng(7)


def float32(size):
    return rng.normal(size=size).astype(np.float32)


def td_errors(steps, n, gamma):
    rewards, q, last = float32(steps), float32((steps, 3)), float(np.float32(rng.normal()))
    actions = rng.integers(3, size=steps)
    taken, best = q[np.arange(steps), actions], q.max(axis=1)
    values = np.append(best.astype(np.float64), last)
    errors = []
    for t in range(steps):
        end = min(t + n, steps)
        powers = gamma ** np.arange(end - t)
        target = (powers * rewards[t:end]).sum() + gamma ** (end - t) * values[end]
        errors.append(abs(target - taken[t]))
    columns = {"rewards": rewards, "taken": taken, "best": best, "errors": np.array(errors)}
    return {"n": n, "gamma": gamma, "last": last, **{key: column.tolist() for key, column in columns.items()}}


def weights(size, beta):
    priorities = rng.exponential(size=size).astype(np.float32)
    buffer = cpprb.PrioritizedReplayBuffer(size, {"id": {}}, alpha=0.6, eps=1e-6)
    for i in range(size):
        buffer.add(id=i, priorities=priorities[i])
    found = np.full(size, np.nan)
    while np.isnan(found).any():
        batch = buffer.sample(8, beta=beta)
        indexes = batch["indexes"]
        known = ~np.isnan(found[indexes])
        assert np.allclose(found[indexes][known], batch["weights"][known], rtol=1e-6)
        found[indexes] = batch["weights"]
    return {"beta": beta, "priorities": priorities.tolist(), "weights": found.tolist()}


result = {
    "tdErrors": [td_errors(*of) for of in [(1, 1, 0.99), (8, 1, 0.9), (8, 3, 0.99), (5, 9, 0.5), (32, 5, 1.0)]],
    "weights": [weights(40, 0.4), weights(100, 1.0)],
}
(Path(__file__).parent / "priorities.json").write_text(json.dumps(result) + "\n")
