"""Writes what NumPy's legacy RandomState draws, for numpy-random.test.ts.

    python3 -m venv .venv && .venv/bin/pip install 'numpy==2.4.6'
    .venv/bin/python packages/random/test/reference/make_numpy_random.py

Doubles are written with all their digits, so that they compare bit for bit. Each stream is drawn from in the order
of the fields; the state at its end is summed up by a checksum of its words.
"""

import json
import zlib
from pathlib import Path

import numpy as np

assert np.__version__ == "2.4.6", np.__version__

RANGES = [(0, 2), (1, 6), (3, 4), (-5, 12), (0, 1000), (0, 2**31 + 5), (-(2**31), 2**31)]

streams = []
for seed in [0, 1, 42, 5489, 2**31, 2**32 - 1]:
    random = np.random.RandomState(seed)
    words = [int(x) for x in random.randint(0, 2**32, 8, dtype=np.uint32)]
    doubles = [float(random.random_sample()) for _ in range(8)]
    integers = [{"low": low, "high": high, "drawn": [int(random.randint(low, high)) for _ in range(6)]} for low, high in RANGES]
    # Enough to twist more than once.
    array = [int(x) for x in random.randint(1, 9, 1500)]
    doubleArray = [float(x) for x in random.random_sample(5)]
    _, key, position, _, _ = random.get_state()
    streams.append(
        {
            "seed": seed,
            "words": words,
            "doubles": doubles,
            "integers": integers,
            "array": "".join(map(str, array)),
            "doubleArray": doubleArray,
            "state": {"crc32": zlib.crc32(key.astype("<u4").tobytes()), "position": int(position)},
            "next": float(random.random_sample()),
        }
    )
(Path(__file__).parent / "numpy-random.json").write_text(json.dumps({"numpy": np.__version__, "streams": streams}) + "\n")
