"""Writes what Gymnasium's running statistics are on given batches, for normalizer.test.ts to hold ours against.

    python3 -m venv .venv && .venv/bin/pip install 'gymnasium==1.4.0'
    .venv/bin/python packages/networks/test/reference/normalizer.py

Batches [batches, rows, 5] of elements of unlike scales: one far from 0, one that drifts, one that never changes. After each
batch: mean and variance by `RunningMeanStd` in float64 (its prior count, 1e-4, is 0 here), and the batch as
`NormalizeObservation` scales it, clipped to 10 as Stable-Baselines3's `VecNormalize` does. Arrays are base64 of
little-endian values.
"""

import base64
import json
from pathlib import Path

import numpy as np
from gymnasium.wrappers.utils import RunningMeanStd

HERE = Path(__file__).parent
BATCHES, ROWS = 40, 16


def pack(values, dtype):
    return base64.b64encode(np.asarray(values, dtype=dtype).tobytes()).decode()


random = np.random.default_rng(0)
batches = random.standard_normal((BATCHES, ROWS, 5))
batches[..., 1] = 100 + 0.5 * batches[..., 1]
batches[..., 2] = np.arange(BATCHES)[:, None] + batches[..., 2]
batches[..., 3] = 0.25
# A rare, large one: what clipping is for.
batches[..., 4] = np.where(random.random((BATCHES, ROWS)) < 0.005, 1000.0, 1e-3 * batches[..., 4])
batches = batches.astype(np.float32)

statistics = RunningMeanStd(epsilon=0.0, shape=(5,), dtype=np.float64)
means, variances, scaled = [], [], []
for batch in batches:
    # In float64: of float32 batches it takes the mean in float32.
    statistics.update(batch.astype(np.float64))
    means.append(statistics.mean.copy())
    variances.append(statistics.var.copy())
    scaled.append(np.clip((batch - statistics.mean) / np.sqrt(statistics.var + 1e-8), -10, 10))

# The same in one piece: what Chan's merging comes to.
everything = batches.reshape(-1, 5).astype(np.float64)
assert np.allclose(statistics.mean, everything.mean(0), rtol=1e-12)
assert np.allclose(statistics.var, everything.var(0), rtol=1e-9, atol=1e-18)
assert (np.abs(scaled) == 10).any()

(HERE / "normalizer.json").write_text(
    json.dumps(
        {
            "rows": ROWS,
            "width": 5,
            "batches": [pack(batch, "<f4") for batch in batches],
            "means": [pack(mean, "<f8") for mean in means],
            "variances": [pack(variance, "<f8") for variance in variances],
            "scaled": [pack(batch, "<f4") for batch in scaled],
        },
        indent=1,
    )
    + "\n"
)
