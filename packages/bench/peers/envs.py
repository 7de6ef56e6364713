"""Steps of other libraries' environments, for `qfleet bench envs --peer`.

Called with JSON in its one argument, {library, id, copies}; answers as packages/bench/src/contest/contestant.ts asks: a
line when ready, then for each line `milliseconds` on stdin the microseconds of processor time that a step of one copy
took over that time; of ale-vector, of the wall's clock, on all cores. Every step writes its observation, and an episode that has ended begins anew.
"""

import json
import os
import sys
import time
import warnings

import numpy as np

# Turns for which actions are drawn ahead.
TURNS = 256


def vector(env, actions, copies):
    """A vector that resets ended episodes by itself."""
    env.reset()
    drawn = np.random.default_rng(0).integers(0, actions, (TURNS, copies))
    turn = 0

    def call():
        nonlocal turn
        env.step(drawn[turn])
        turn = (turn + 1) % TURNS

    return call


def one(step, reset, actions):
    """One copy; `step` returns whether the episode has ended."""
    drawn = np.random.default_rng(0).integers(0, actions, TURNS).tolist()
    turn = 0
    reset()

    def call():
        nonlocal turn
        if step(drawn[turn]):
            reset()
        turn = (turn + 1) % TURNS

    return call


def numpy_vector(id, copies):
    import gymnasium

    env = gymnasium.make_vec(id, num_envs=copies, vectorization_mode="vector_entry_point")
    return vector(env, env.single_action_space.n, copies)


def gymnasium_copy(id, _):
    import gymnasium

    if id.split("-")[0] in ("highway", "merge", "roundabout", "intersection"):
        import highway_env  # noqa: F401: registers its environments

    env = gymnasium.make(id, disable_env_checker=True)
    if id == "Pendulum-v1":
        torques = np.linspace(-2, 2, 5, dtype=np.float32).reshape(5, 1)

    def step(action):
        _, _, terminated, truncated, _ = env.step(torques[action] if id == "Pendulum-v1" else action)
        return terminated or truncated

    return one(step, env.reset, 5 if id == "Pendulum-v1" else env.action_space.n)


def envpool_vector(id, copies):
    import envpool

    env = envpool.make(id, env_type="gymnasium", num_envs=copies, num_threads=1)
    if id == "Pendulum-v1":
        torques = np.linspace(-2, 2, 5, dtype=np.float32)
        step = env.step
        env.step = lambda actions: step(torques[actions].reshape(-1, 1))
        return vector(env, 5, copies)
    return vector(env, env.action_space.n, copies)


def minatar_copy(id, _):
    import logging

    # It says that it can't draw pictures.
    logging.disable(logging.WARNING)
    from minatar import Environment

    env = Environment(id.removeprefix("minatar/"))
    actions = env.minimal_action_set()

    def step(action):
        _, end = env.act(actions[action])
        env.state()
        return end

    def reset():
        env.reset()
        env.state()

    return one(step, reset, len(actions))


def ale_vector(id, copies):
    import re

    from ale_py.vector_env import AtariVectorEnv

    game = re.sub(r"(?<!^)(?=[A-Z])", "_", id.removeprefix("ALE/").removesuffix("-v5")).lower()
    env = AtariVectorEnv(
        game,
        copies,
        stack_num=1,
        noop_max=0,
        repeat_action_probability=0.25,
        reward_clipping=False,
        use_fire_reset=False,
    )
    return vector(env, env.single_action_space.n, copies)


LIBRARIES = {
    "ale-vector": ale_vector,
    "numpy-vector": numpy_vector,
    "gymnasium": gymnasium_copy,
    "envpool": envpool_vector,
    "minatar": minatar_copy,
}


def time_of(call, milliseconds, clock):
    """Microseconds by a clock a call, of calls for about so long."""
    calls, elapsed, start = 0, 0.0, clock()
    while elapsed < milliseconds / 1000:
        call()
        calls += 1
        elapsed = clock() - start
    return elapsed * 1e6 / calls


def main():
    options = json.loads(sys.argv[1])
    warnings.simplefilter("ignore")
    is_parallel = options["library"] == "ale-vector"
    clock = time.perf_counter if is_parallel else time.process_time
    if not is_parallel and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    call = LIBRARIES[options["library"]](options["id"], options["copies"])
    time_of(call, 300, clock)
    print("ready", flush=True)
    for line in sys.stdin:
        print(time_of(call, float(line), clock) / options["copies"], flush=True)


main()
