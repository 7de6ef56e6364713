"""Prints what PyTorch makes of the family's cases: python main.py SEED. family.json.gz is that of seed 0.

Needs numpy and torch; `npm run test:reference` runs it with fresh seeds.
"""
import json
import sys

import torch

import cases
import updates


def plain(x):
    """Lists of numbers of 8 digits."""
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    if isinstance(x, list):
        return [plain(value) for value in x]
    if isinstance(x, float):
        return float(f"{x:.8g}")
    return plain(x.tolist()) if hasattr(x, "tolist") else x


torch.set_num_threads(1)
seed = int(sys.argv[1])
print(json.dumps(plain(dict(seed=seed, **cases.make(seed), updates=updates.make(seed + 11))), separators=(",", ":")))
