"""Prints what PyTorch makes of LSTMs and of R2D2: python main.py SEED. r2d2.json.gz is that of seed 0.

Needs numpy and torch; `npm run test:reference` runs it with fresh seeds.
"""
import json
import sys

import torch

import lstm
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
said = dict(seed=seed, lstms=lstm.make(seed), updates=updates.make(seed + 11))
print(json.dumps(plain(said), separators=(",", ":")))
