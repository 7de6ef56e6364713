"""Writes dqn.json: 50 updates of DQN in float64, with gradients derived by hand and checked by differences.

    python dqn.py        needs numpy

Each case starts from the same drawn parameters and batches as test/dqn-reference.test.ts, so that the file holds
results only. Written from the papers, not from the code that it checks: targets (Mnih et al., 2015; van Hasselt et
al., 2016), dueling (Wang et al., 2016), Huber (1964), clipping by the global norm (Pascanu et al., 2013), Adam
(Kingma and Ba, 2015, algorithm 1), soft target update (Lillicrap et al., 2016).
"""

import json
import pathlib

import numpy as np

from lcg import Lcg, draw_batch

CASES = {
    "double, huber, clipped, soft": dict(width=4, clip=0.25),
    "max, squared, hard, annealed": dict(
        width=4, double=False, loss="mse", clip=None, target=("hard", 7), decay=0.1
    ),
    "dueling, one-hot": dict(count=9, dueling=True),
}
DEFAULTS = dict(
    width=None, count=None, dueling=False, double=True, loss="huber", clip=10.0, target=("soft", 0.05), decay=1.0
)
HIDDEN, ACTIONS, ROWS, UPDATES, RATE, EPSILON = (12, 8), 3, 16, 50, 3e-3, 1e-8


def specs(case):
    """Names and shapes in the order in which the parameters are drawn."""
    inputs = case["count"] or case["width"]
    if case["dueling"]:
        layers = [("hidden0", inputs, HIDDEN[0])]
        for stream, outputs in (("value", 1), ("advantage", ACTIONS)):
            layers += [(f"{stream}/hidden", HIDDEN[0], HIDDEN[1]), (f"{stream}/output", HIDDEN[1], outputs)]
    else:
        layers = [("hidden0", inputs, HIDDEN[0]), ("hidden1", *HIDDEN), ("output", HIDDEN[1], ACTIONS)]
    return [
        item for name, i, o in layers for item in ((f"{name}/kernel", (i, o)), (f"{name}/bias", (o,)))
    ]


def start(case, lcg):
    return {
        name: np.float64(np.float32([lcg.uniform() - 0.5 for _ in range(int(np.prod(shape)))])).reshape(shape)
        for name, shape in specs(case)
    }


class Dense:
    def __init__(self, p, name, relu):
        self.p, self.name, self.relu = p, name, relu

    def __call__(self, x):
        self.x = x
        self.y = x @ self.p[f"{self.name}/kernel"] + self.p[f"{self.name}/bias"]
        return np.maximum(self.y, 0) if self.relu else self.y

    def back(self, dy, grads):
        if self.relu:
            dy = dy * (self.y > 0)
        grads[f"{self.name}/kernel"] = self.x.T @ dy
        grads[f"{self.name}/bias"] = dy.sum(0)
        return dy @ self.p[f"{self.name}/kernel"].T


class Network:
    def __init__(self, case, p):
        self.dueling = case["dueling"]
        chain = lambda *names: [Dense(p, name, not name.endswith("output")) for name in names]
        if self.dueling:
            self.trunk = chain("hidden0")
            self.value = chain("value/hidden", "value/output")
            self.advantage = chain("advantage/hidden", "advantage/output")
        else:
            self.trunk = chain("hidden0", "hidden1", "output")

    @staticmethod
    def run(layers, x):
        for layer in layers:
            x = layer(x)
        return x

    @staticmethod
    def back_through(layers, dy, grads):
        for layer in reversed(layers):
            dy = layer.back(dy, grads)
        return dy

    def __call__(self, x):
        x = self.run(self.trunk, x)
        if not self.dueling:
            return x
        advantage = self.run(self.advantage, x)
        return self.run(self.value, x) + advantage - advantage.mean(1, keepdims=True)

    def back(self, dq):
        grads = {}
        if self.dueling:
            da = dq - dq.mean(1, keepdims=True)
            dx = self.back_through(self.value, dq.sum(1, keepdims=True), grads)
            dx = dx + self.back_through(self.advantage, da, grads)
            self.back_through(self.trunk, dx, grads)
        else:
            self.back_through(self.trunk, dq, grads)
        return grads


def loss_and_gradient(case, online, targets, x, a, w):
    network = Network(case, online)
    values = network(x)
    rows = np.arange(len(a))
    q = values[rows, a]
    error = q - targets
    if case["loss"] == "huber":
        loss = np.where(np.abs(error) <= 1, error**2 / 2, np.abs(error) - 0.5)
        slope = np.clip(error, -1, 1)
    else:
        loss, slope = error**2, 2 * error
    dq = np.zeros_like(values)
    dq[rows, a] = w * slope / len(a)
    return (w * loss).mean(), network.back(dq), q


def check_gradient(case, online, targets, x, a, w):
    _, grads, _ = loss_and_gradient(case, online, targets, x, a, w)
    rng = np.random.default_rng(0)
    direction = {name: rng.normal(size=p.shape) for name, p in online.items()}
    shifted = lambda h: {name: p + h * direction[name] for name, p in online.items()}
    loss = lambda h: loss_and_gradient(case, shifted(h), targets, x, a, w)[0]
    numeric = (loss(1e-6) - loss(-1e-6)) / 2e-6
    analytic = sum((grads[name] * direction[name]).sum() for name in grads)
    assert abs(numeric - analytic) < 1e-6 * max(1, abs(analytic)), (numeric, analytic)


def train(case):
    lcg = Lcg(11)
    online = start(case, lcg)
    target = {name: p.copy() for name, p in online.items()}
    m = {name: np.zeros_like(p) for name, p in online.items()}
    v = {name: np.zeros_like(p) for name, p in online.items()}
    encode = (lambda s: np.eye(case["count"])[s]) if case["count"] else (lambda s: s)
    history = {"losses": [], "meanQ": [], "gradientNorms": [], "meanAbsTdErrors": []}
    for t in range(1, UPDATES + 1):
        s, a, g, discount, s2, w = draw_batch(lcg, ROWS, ACTIONS, case["width"], case["count"])
        x, x2 = encode(s), encode(s2)
        q2 = Network(case, target)(x2)
        chosen = (Network(case, online)(x2) if case["double"] else q2).argmax(1)
        targets = g + discount * q2[np.arange(ROWS), chosen]
        check_gradient(case, online, targets, x, a, w)
        loss, grads, q = loss_and_gradient(case, online, targets, x, a, w)
        norm = np.sqrt(sum((d**2).sum() for d in grads.values()))
        scale = 1.0 if case["clip"] is None else min(1.0, case["clip"] / norm)
        rate = RATE * (1 - (1 - case["decay"]) * min(1, (t - 1) / UPDATES))
        for name, d in grads.items():
            d = d * scale
            m[name] = 0.9 * m[name] + 0.1 * d
            v[name] = 0.999 * v[name] + 0.001 * d**2
            corrected = m[name] / (1 - 0.9**t), v[name] / (1 - 0.999**t)
            online[name] = online[name] - rate * corrected[0] / (np.sqrt(corrected[1]) + EPSILON)
        kind, value = case["target"]
        for name, p in online.items():
            if kind == "soft":
                target[name] = value * p + (1 - value) * target[name]
            elif t % value == 0:
                target[name] = p.copy()
        history["losses"].append(loss)
        history["meanQ"].append(q.mean())
        history["gradientNorms"].append(norm)
        history["meanAbsTdErrors"].append(np.abs(targets - q).mean())
        errors = np.abs(targets - q)
    rounded = lambda values: [float(f"{x:.7g}") for x in np.ravel(values)]
    return {
        **{name: rounded(values) for name, values in history.items()},
        "tdErrors": rounded(errors),
        "online": {name: rounded(p) for name, p in online.items()},
        "target": {name: rounded(p) for name, p in target.items()},
    }


results = {name: train({**DEFAULTS, **case}) for name, case in CASES.items()}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(results, separators=(",", ":")) + "\n")
