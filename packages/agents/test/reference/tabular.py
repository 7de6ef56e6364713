"""Writes tabular.json: Q-learning in float64, Q(s,a) += alpha * w * (r + gamma * max Q(s') - Q(s,a)).

    python tabular.py        needs numpy
"""

import json
import pathlib

import numpy as np

from lcg import Lcg, draw_batch

lcg = Lcg(7)
q = np.full((6, 3), 0.5)
losses = []
for update in range(25):
    errors = []
    for _ in range(2):
        for s, a, g, discount, s2, w in zip(*draw_batch(lcg, 16, actions=3, count=6)):
            error = g + discount * q[s2].max() - q[s, a]
            q[s, a] += 0.1 * w * error
            errors.append(error)
    losses.append(0.5 * np.mean(np.square(errors)))

rounded = lambda values: [float(f"{x:.8g}") for x in np.ravel(values)]
result = {"q": rounded(q), "tdErrors": rounded(np.abs(errors)), "losses": rounded(losses)}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(result) + "\n")
