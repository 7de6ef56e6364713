"""Gymnasium's spaces: what Node is told of them, observations as flat rows, and the actions that agents count."""

import numpy as np
from gymnasium import spaces

INT32 = np.iinfo(np.int32)
# The element types of the wire, by the NumPy types that they hold.
WIRE = {
    "bool": "uint8",
    "uint8": "uint8",
    "float16": "float16",
    "float32": "float32",
    "float64": "float32",
}


class Untranslatable(Exception):
    """A space has no counterpart in Qfleet."""


def kind_of(space):
    return type(space).__name__


def bounds(values, dtype):
    """One number where all elements have the same bound, else a list; JSON has no infinity, so that is a text."""
    if dtype == "int32":
        values = np.clip(values.astype(np.float64), INT32.min, INT32.max)
    flat = np.asarray(values, dtype=np.float64).reshape(-1)

    def told(value):
        return float(value) if np.isfinite(value) else ("inf" if value > 0 else "-inf")

    return told(flat[0]) if np.all(flat == flat[0]) else [told(value) for value in flat]


def box_dtype(space, where):
    name = np.dtype(space.dtype).name
    dtype = WIRE.get(name, "int32" if np.dtype(space.dtype).kind in "iu" else None)
    if dtype is None:
        raise Untranslatable(f"{where} is a Box of {name}, and elements are numbers: float, integer or bool")
    return dtype


def describe(space, where="its observation"):
    """A space as JSON for Node. A MultiDiscrete is a tuple of Discretes, since both are flattened to the same."""
    if isinstance(space, spaces.Box):
        dtype = box_dtype(space, where)
        low, high = bounds(space.low, dtype), bounds(space.high, dtype)
        return {"kind": "box", "shape": list(space.shape), "dtype": dtype, "low": low, "high": high}
    if isinstance(space, spaces.Discrete):
        return {"kind": "discrete", "n": int(space.n)}
    if isinstance(space, spaces.MultiDiscrete):
        parts = [{"kind": "discrete", "n": int(n)} for n in np.asarray(space.nvec).reshape(-1)]
        return {"kind": "tuple", "spaces": parts}
    if isinstance(space, spaces.MultiBinary):
        return {"kind": "box", "shape": list(space.shape), "dtype": "uint8", "low": 0.0, "high": 1.0}
    if isinstance(space, spaces.Dict):
        return {"kind": "dict", "spaces": {key: describe(part, f"{where} {key}") for key, part in space.items()}}
    if isinstance(space, spaces.Tuple):
        return {"kind": "tuple", "spaces": [describe(part, f"{where} {i}") for i, part in enumerate(space)]}
    raise Untranslatable(
        f"{where} is of the space {kind_of(space)}, which has no counterpart: Box, Discrete, MultiDiscrete, "
        "MultiBinary, Dict and Tuple have one (wrap the environment to give one of these)"
    )


class Flattener:
    """Writes observations into flat rows as Gymnasium's `flatten` orders them, a Dict's keys sorted."""

    def __init__(self, space):
        self.space = space
        self.is_plain = isinstance(space, (spaces.Box, spaces.Discrete, spaces.MultiBinary))
        self.dtype = np.dtype(self._dtype())
        self.size = 1 if isinstance(space, spaces.Discrete) else self._size(space)

    def _dtype(self):
        if isinstance(self.space, spaces.Discrete):
            return "int32"
        dtypes = set(self._box_dtypes(self.space))
        if not dtypes:
            return "uint8"
        if len(dtypes) == 1:
            return dtypes.pop()
        if not dtypes & {"float16", "float32"}:
            return "int32"
        return "float16" if dtypes <= {"float16", "uint8"} else "float32"

    def _box_dtypes(self, space):
        if isinstance(space, spaces.Box):
            yield box_dtype(space, "the observation")
        elif isinstance(space, spaces.MultiBinary):
            yield "uint8"
        elif isinstance(space, (spaces.Dict, spaces.Tuple)):
            for part in space.values() if isinstance(space, spaces.Dict) else space:
                yield from self._box_dtypes(part)

    def _size(self, space):
        if isinstance(space, spaces.Discrete):
            return int(space.n)
        if isinstance(space, spaces.MultiDiscrete):
            return int(np.sum(space.nvec))
        if isinstance(space, spaces.Dict):
            return sum(self._size(part) for part in space.values())
        if isinstance(space, spaces.Tuple):
            return sum(self._size(part) for part in space)
        return int(np.prod(space.shape, dtype=np.int64))

    def write(self, observation, row):
        """Writes an observation into `row`. Raises ValueError for one that is not of the space."""
        if isinstance(self.space, spaces.Discrete):
            row[0] = self._index(self.space, observation, "the observation")
        elif self.is_plain:
            self._box(self.space, observation, row, "the observation")
        else:
            self._write(self.space, observation, row, 0, "the observation")

    def _write(self, space, value, row, at, name):
        if isinstance(space, spaces.Dict):
            for key in sorted(space.keys()):
                if not hasattr(value, "keys") or key not in value:
                    raise ValueError(f"{name} has no {key!r}, which its Dict space has")
                at = self._write(space[key], value[key], row, at, f"{name}[{key!r}]")
            return at
        if isinstance(space, spaces.Tuple):
            if len(value) != len(space):
                raise ValueError(f"{name} has {len(value)} parts, and its Tuple space has {len(space)}")
            for i, part in enumerate(space):
                at = self._write(part, value[i], row, at, f"{name}[{i}]")
            return at
        end = at + self._size(space)
        if isinstance(space, spaces.Discrete):
            row[at:end] = 0
            row[at + self._index(space, value, name)] = 1
        elif isinstance(space, spaces.MultiDiscrete):
            row[at:end] = 0
            start = np.asarray(getattr(space, "start", 0)) + np.zeros_like(space.nvec)
            values = np.asarray(value).reshape(-1) - start.reshape(-1)
            for n, index in zip(np.asarray(space.nvec).reshape(-1), values, strict=True):
                if not 0 <= index < n:
                    raise ValueError(f"{name} is outside of its space {space}")
                row[at + int(index)] = 1
                at += int(n)
        else:
            self._box(space, value, row[at:end], name)
        return end

    def _index(self, space, value, name):
        index = int(value) - int(space.start)
        if not 0 <= index < int(space.n):
            raise ValueError(f"{name} is {value}, outside of its space {space}")
        return index

    def _box(self, space, value, row, name):
        array = np.asarray(value)
        if array.shape != tuple(space.shape):
            raise ValueError(f"{name} is of shape {list(array.shape)}, and its space of {list(space.shape)}")
        if row.dtype.kind in "iu":
            if array.dtype.kind not in "iub":
                raise ValueError(f"{name} is of {array.dtype.name}, and its space of {np.dtype(space.dtype).name}")
            if not np.can_cast(array.dtype, row.dtype) and array.size > 0:
                limits = np.iinfo(row.dtype)
                if array.min() < limits.min or array.max() > limits.max:
                    raise ValueError(f"{name} has integers that {row.dtype.name} does not hold")
        elif array.dtype.kind not in "fiub":
            raise ValueError(f"{name} is of {array.dtype.name}, and its space of {np.dtype(space.dtype).name}")
        np.copyto(row, array.reshape(-1), casting="unsafe")


class Actions:
    """An environment's actions: `counts` of choices that agents count together, the last one fastest."""

    def __init__(self, space):
        self.space = space
        self.counts = self._counts(space, "its action")
        self.n = int(np.prod(self.counts, dtype=np.float64))
        self.is_plain = isinstance(space, spaces.Discrete)
        self.start = int(space.start) if self.is_plain else 0

    def _counts(self, space, where):
        if isinstance(space, spaces.Discrete):
            return [int(space.n)]
        if isinstance(space, spaces.MultiDiscrete):
            return [int(n) for n in np.asarray(space.nvec).reshape(-1)]
        if isinstance(space, spaces.MultiBinary):
            return [2] * int(np.prod(space.shape))
        if isinstance(space, spaces.Dict):
            return [n for key, part in space.items() for n in self._counts(part, f"{where} {key}")]
        if isinstance(space, spaces.Tuple):
            return [n for i, part in enumerate(space) for n in self._counts(part, f"{where} {i}")]
        raise Untranslatable(
            f"{where} is of the space {kind_of(space)}, and agents choose among actions that can be counted: Discrete, "
            "MultiDiscrete, MultiBinary, and Dicts and Tuples of these (wrap a continuous one to take levels)"
        )

    def own(self, action):
        """What the environment's `step` takes for an action that an agent counts."""
        if self.is_plain:
            return np.int64(action + self.start)
        return self._own(self.space, iter(np.unravel_index(action, self.counts)))

    def _own(self, space, choices):
        if isinstance(space, spaces.Discrete):
            return np.int64(next(choices) + int(space.start))
        if isinstance(space, spaces.Dict):
            return {key: self._own(part, choices) for key, part in space.items()}
        if isinstance(space, spaces.Tuple):
            return tuple(self._own(part, choices) for part in space)
        size = int(np.prod(space.shape))
        values = np.array([next(choices) for _ in range(size)], dtype=space.dtype).reshape(space.shape)
        return values + np.asarray(getattr(space, "start", 0), dtype=space.dtype)

    def mask(self, given, row):
        """Writes `action_mask` of an info, 1 for what is allowed; of a MultiDiscrete, a list for each of its numbers."""
        if given is None:
            row[:] = 1
            return
        if isinstance(given, (tuple, list)) and len(given) == len(self.counts) and not np.isscalar(given[0]):
            allowed = np.ones(1, dtype=bool)
            for part in given:
                allowed = np.logical_and.outer(allowed, np.asarray(part).reshape(-1) != 0).reshape(-1)
        else:
            allowed = np.asarray(given).reshape(-1) != 0
        if allowed.shape != row.shape:
            raise ValueError(f"info['action_mask'] has {allowed.size} elements, and there are {self.n} actions")
        row[:] = allowed
