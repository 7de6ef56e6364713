"""Copies of an environment, each made by `gymnasium.make`, stepped one after the other."""

import numpy as np

from qfleet_spaces import Actions, Flattener


def numbers_of(info, told):
    """Keeps the numbers of an info by their names, true and false as 1 and 0."""
    for name, value in info.items():
        if isinstance(value, (bool, int, float, np.number, np.bool_)):
            told[name] = float(value)


class Copies:
    """
    Copies by the ids of their rows. `make` makes one; `spare` is one that is made already. Where the next episode is not begun ahead,
    a copy shows its last state until it is reset.
    """

    def __init__(self, make, spare, begins_ahead=True):
        self.make = make
        self.begins_ahead = begins_ahead
        self.spare = spare
        self.flattener = Flattener(spare.observation_space)
        self.actions = Actions(spare.action_space)
        self.envs = {}
        self.told = {}

    def begin(self, row, seed, observation, mask):
        """Begins a row's episode and writes its first observation. Raises what the environment raises."""
        env = self.envs.get(row)
        if env is None:
            env, self.spare = self.spare or self.make(), None
            self.envs[row] = env
        try:
            first, info = env.reset(seed=seed)
            self.told[row] = {}
            self._write(first, info, observation, mask)
        except Exception:
            self.drop(row)
            raise

    def step(self, rows, actions, batch):
        """Steps rows into a batch; the next episode of one that has ended is begun."""
        for i, row in enumerate(rows):
            try:
                env = self.envs[row]
                observation, reward, terminated, truncated, info = env.step(self.actions.own(actions[i]))
                batch.rewards[i] = reward
                batch.flags[i] = (1 if terminated else 0) | (2 if truncated else 0)
                self._write(observation, info, batch.observations[i], batch.mask(i))
                numbers_of(info, self.told[row])
            except Exception as error:
                self.drop(row)
                batch.fail(i, error)
                continue
            if terminated or truncated:
                batch.tell(i, self.told[row])
                if self.begins_ahead:
                    batch.begin(i, row, self)

    def drop(self, row):
        """Gives a row's copy up."""
        env = self.envs.pop(row, None)
        if env is None:
            return
        try:
            env.close()
        except Exception:
            # It has failed before, or nobody needs it any more.
            pass

    def close(self):
        for row in list(self.envs):
            self.drop(row)

    def _write(self, observation, info, row, mask):
        self.flattener.write(observation, row)
        if mask is not None:
            self.actions.mask(info.get("action_mask"), mask)
