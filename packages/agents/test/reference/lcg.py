"""The numbers that the tests draw as well (test/batches.ts), so that no batch has to be stored."""

import numpy as np


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return (self.state >> 8) / 2**24

    def integer(self, n):
        return int(self.uniform() * n)


def draw_batch(lcg, size, actions, width=None, count=None):
    """Row by row: s, a, return, discount, s', weight, rounded to float32 as the replay stores them."""

    def observe():
        if count is not None:
            return lcg.integer(count)
        return [2 * lcg.uniform() - 1 for _ in range(width)]

    rows = []
    for _ in range(size):
        s = observe()
        a = lcg.integer(actions)
        g = 4 * lcg.uniform() - 2
        discount = 0.0 if lcg.uniform() < 0.1 else float(np.float32(0.9))
        s2 = observe()
        rows.append((s, a, g, discount, s2, 0.25 + 0.75 * lcg.uniform()))
    f32 = lambda column: np.float64(np.float32(column))
    s, a, g, d, s2, w = map(list, zip(*rows))
    if count is None:
        s, s2 = f32(s), f32(s2)
    return np.array(s), np.array(a), f32(g), f32(d), np.array(s2), f32(w)
