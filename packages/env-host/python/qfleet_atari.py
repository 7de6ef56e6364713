"""Atari's games with the settings of Machado et al. (2018) or Mnih et al. (2015): as Gymnasium's wrappers have them for
single copies, and as ale-py's own vector environment has them for many. Both give the same, bit for bit, from the same
seed, except that the vector draws its no-ops differently."""

import gymnasium
import numpy as np

from qfleet_spaces import Actions, Flattener


def make_one(id, settings):
    """One copy by Gymnasium's AtariPreprocessing."""
    from gymnasium.wrappers import AtariPreprocessing

    kwargs = {
        "frameskip": 1,
        "repeat_action_probability": settings["sticky"],
        "full_action_space": settings["full_action_space"],
        "max_num_frames_per_episode": settings["max_frames"],
    }
    for name in ("mode", "difficulty"):
        if settings.get(name) is not None:
            kwargs[name] = settings[name]
    env = gymnasium.make(id, disable_env_checker=True, max_episode_steps=-1, **kwargs)
    return AtariPreprocessing(
        env,
        noop_max=settings["no_ops"],
        frame_skip=settings["frame_skip"],
        screen_size=84,
        terminal_on_life_loss=settings["life_loss"],
        grayscale_obs=True,
    )


def vector_class(settings):
    """ale-py's vector environment; None where this ale-py can't reset rows by themselves, or does not take the settings."""
    if settings.get("mode") is not None or settings.get("difficulty") is not None:
        return None
    try:
        from ale_py.vector_env import AtariVectorEnv
    except ImportError:
        return None
    return AtariVectorEnv if "reset_mask" in (AtariVectorEnv.reset.__doc__ or "") else None


def vector_seed(seed):
    """The emulator's seed as AtariEnv makes it of a Gymnasium seed, in the range in which the vector takes one."""
    _, own = np.random.SeedSequence(seed).generate_state(2)
    return int(own) & 0x7FFFFFFF


class Group:
    """One vector environment, whose lanes are given to rows; a lane of None is free."""

    def __init__(self, env):
        self.env = env
        self.lanes = [None] * env.num_envs
        self.actions = np.zeros(env.num_envs, dtype=np.int64)

    def reset(self, lane, seed):
        """Begins one lane's episode. @returns its first observation."""
        mask = np.zeros(len(self.lanes), dtype=bool)
        mask[lane] = True
        seeds = None if seed is None else np.array([seed])
        observations, _ = self.env.reset(seed=seeds, options={"reset_mask": mask})
        return observations[lane]


class AtariRows:
    """
    Rows in the lanes of vector environments. How many rows there will be is known only when they are stepped: till then a
    row has its first observation from a vector of one lane, and the rows that are new share a vector from their first step on, in which
    their seeds begin the same episodes again.
    """

    def __init__(self, make_vector, spare):
        self.make_vector = make_vector
        self.flattener = Flattener(spare.observation_space)
        self.actions = Actions(spare.action_space)
        self.single = None
        self.groups = []
        self.place = {}
        # Seeds of rows that have not been stepped yet.
        self.new = {}

    def begin(self, row, seed, observation, mask):
        if row in self.place and row not in self.new:
            group, lane = self.place[row]
            first = group.reset(lane, None if seed is None else vector_seed(seed))
        else:
            # Only a first episode has no lane, and it always has a seed.
            free = next(((g, lane) for g in self.groups for lane, r in enumerate(g.lanes) if r is None), None)
            if free is not None:
                group, lane = free
                group.lanes[lane] = row
                self.place[row] = free
                first = group.reset(lane, vector_seed(seed))
            else:
                if self.single is None:
                    self.single = self.make_vector(1)
                # One that is begun again before it is stepped draws on from its seed.
                self.new[row] = (self.new[row] + 1) & 0x7FFFFFFF if seed is None else vector_seed(seed)
                first = self.single.reset(seed=np.array([self.new[row]]))[0][0]
        observation[:] = first.reshape(-1)
        if mask is not None:
            mask[:] = 1

    def step(self, rows, actions, batch):
        if self.new:
            self._group()
        index = {row: i for i, row in enumerate(rows)}
        for group in self.groups:
            self._step(group, index, actions, batch)

    def _group(self):
        seeds = list(self.new.items())
        # The vector of one lane is what a single row needs.
        env = self.single if len(seeds) == 1 else self.make_vector(len(seeds))
        self.single = None if len(seeds) == 1 else self.single
        env.reset(seed=np.array([seed for _, seed in seeds]))
        group = Group(env)
        for lane, (row, _) in enumerate(seeds):
            group.lanes[lane] = row
            self.place[row] = (group, lane)
        self.groups.append(group)
        self.new.clear()

    def _step(self, group, index, actions, batch):
        at = [None if row is None else index.get(row) for row in group.lanes]
        for lane, i in enumerate(at):
            group.actions[lane] = 0 if i is None else actions[i]
        observations, rewards, terminated, truncated, info = group.env.step(group.actions)
        flat = observations.reshape(len(at), -1)
        if at == list(range(batch.count)):
            np.copyto(batch.observations, flat)
            batch.rewards[:] = rewards
            batch.flags[:] = terminated + 2 * truncated.astype(np.uint8)
        else:
            for lane, i in enumerate(at):
                if i is not None:
                    batch.observations[i] = flat[lane]
                    batch.rewards[i] = rewards[lane]
                    batch.flags[i] = int(terminated[lane]) | 2 * int(truncated[lane])
        if batch.masks is not None:
            batch.masks[:] = 1
        for lane in np.flatnonzero(terminated | truncated):
            i = at[lane]
            if i is None:
                group.reset(lane, None)
                continue
            lives, frames = int(info["lives"][lane]), int(info["episode_frame_number"][lane])
            batch.tell(i, {"lives": lives, "episode_frame_number": frames})
            batch.begin(i, group.lanes[lane], self)

    def drop(self, row):
        self.new.pop(row, None)
        group, lane = self.place.pop(row, (None, None))
        if group is None:
            return
        group.lanes[lane] = None
        if all(each is None for each in group.lanes):
            self.groups.remove(group)

    def close(self):
        self.groups.clear()
        self.single = None
