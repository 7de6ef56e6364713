"""Writes what Gymnasium itself does, for dynamics.test.ts to hold the native environments against.

    python3 -m venv .venv && .venv/bin/pip install 'gymnasium==1.4.0'
    .venv/bin/python packages/envs/test/reference/make_traces.py

Classic control: episodes from given states, through gym.make's own TimeLimit. Toy text: the whole transition
table.
Arrays are base64 of little-endian values, so that comparisons are bit for bit.
"""

import argparse
import base64
import json
from pathlib import Path

import gymnasium as gym
import numpy as np

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=2024)
parser.add_argument("--out", type=Path, default=Path(__file__).parent)
args = parser.parse_args()


def pack(values, dtype):
    return base64.b64encode(np.asarray(values, dtype=dtype).tobytes()).decode()


def episode(env_id, state, policy, max_episode_steps=None):
    env = gym.make(env_id, **({"max_episode_steps": max_episode_steps} if max_episode_steps else {}))
    env.reset(seed=0)
    env.unwrapped.state = np.array(state, dtype=np.float64)
    if env_id == "Acrobot-v1":
        observation = env.unwrapped._get_ob()
    else:
        observation = np.array(state, dtype=np.float32)
    observations, actions, rewards, terminations, truncations = [observation], [], [], [], []
    while not (terminations and (terminations[-1] or truncations[-1])):
        action = int(policy(observation))
        observation, reward, terminated, truncated, _ = env.step(action)
        assert observation.dtype == np.float32
        observations.append(observation)
        actions.append(action)
        rewards.append(reward)
        terminations.append(terminated)
        truncations.append(truncated)
    return {
        "state": " ".join(repr(float(x)) for x in state),
        "maxEpisodeSteps": max_episode_steps,
        "actions": "".join(map(str, actions)),
        "observations": pack(observations, "<f4"),
        "rewards": pack(rewards, "<f4"),
        "terminated": "".join(str(int(flag)) for flag in terminations),
        "truncated": "".join(str(int(flag)) for flag in truncations),
    }


def classic(env_id, episodes):
    return {"id": env_id, "gymnasium": gym.__version__, "episodes": episodes}


def cartpole(rng):
    def random(_):
        return rng.integers(2)

    def balance(s):
        return 0.1 * s[0] + 0.5 * s[1] + 10 * s[2] + 2 * s[3] > 0

    episodes = [episode("CartPole-v1", rng.uniform(-0.05, 0.05, 4), random) for _ in range(40)]
    # Nearer to each edge, and pushed one way until it ends.
    episodes += [
        episode("CartPole-v1", rng.uniform(-1, 1, 4) * [2.3, 2, 0.2, 2], lambda _, a=i % 2: a) for i in range(40)
    ]
    # Over the edge of the track with the pole up.
    episodes += [episode("CartPole-v1", [side * 2.3, side * 1.5, 0, 0], balance) for side in (-1, 1)]
    # Cut by the time limit.
    episodes += [episode("CartPole-v1", rng.uniform(-0.05, 0.05, 4), balance) for _ in range(3)]
    return classic("CartPole-v1", episodes)


def acrobot(rng):
    def random(_):
        return rng.integers(3)

    def pump(s):
        return 2 if s[4] > 0 else 0

    episodes = [episode("Acrobot-v1", rng.uniform(-0.1, 0.1, 4).astype(np.float32), random) for _ in range(2)]
    episodes += [episode("Acrobot-v1", rng.uniform(-0.1, 0.1, 4).astype(np.float32), pump) for _ in range(5)]
    # All over the state space: wrapped angles, velocities at their bounds.
    wide = np.array([3.1, 3.1, 12.5, 28])
    episodes += [episode("Acrobot-v1", rng.uniform(-1, 1, 4) * wide, random, 60) for _ in range(20)]
    return classic("Acrobot-v1", episodes)


def mountain_car(rng):
    def random(_):
        return rng.integers(3)

    def pump(s):
        return 2 if s[1] >= 0 else 0

    def left(_):
        return 0

    def start():
        return [rng.uniform(-0.6, -0.4), 0.0]

    episodes = [episode("MountainCar-v0", start(), random) for _ in range(5)]
    pumped = [episode("MountainCar-v0", start(), pump) for _ in range(5)]
    episodes += pumped
    # Into the left wall; and all over the state space.
    episodes += [episode("MountainCar-v0", [-1.1, -0.05], left)]
    episodes += [
        episode("MountainCar-v0", [rng.uniform(-1.2, 0.5), rng.uniform(-0.07, 0.07)], random) for _ in range(5)
    ]
    # Terminated on the very step of the time limit: Gymnasium sets both flags.
    first = pumped[0]
    episodes += [episode("MountainCar-v0", list(map(float, first["state"].split())), pump, len(first["actions"]))]
    assert episodes[-1]["terminated"][-1] == episodes[-1]["truncated"][-1] == "1"
    return classic("MountainCar-v0", episodes)


def table(env_id, **options):
    """P as text, a state and action after the other: 'probability next reward terminated', joined by '|'."""
    env = gym.make(env_id, **options)
    model = env.unwrapped.P
    rows = [
        "|".join(f"{float(p)!r} {int(n)} {float(r):g} {int(t)}" for p, n, r, t in model[s][a])
        for s in sorted(model)
        for a in sorted(model[s])
    ]
    return {
        "id": env_id,
        "options": options,
        "states": int(env.observation_space.n),
        "actions": int(env.action_space.n),
        "maxEpisodeSteps": env.spec.max_episode_steps,
        "solvedReturn": env.spec.reward_threshold,
        "starts": " ".join(map(str, np.flatnonzero(env.unwrapped.initial_state_distrib))),
        "transitions": "; ".join(rows),
    }


def write(name, value):
    (args.out / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n")


rng = np.random.default_rng(args.seed)
write("cartpole", cartpole(rng))
write("acrobot", acrobot(rng))
write("mountain-car", mountain_car(rng))
write(
    "tables",
    [
        table("FrozenLake-v1"),
        table("FrozenLake-v1", is_slippery=False),
        table("FrozenLake-v1", map_name="8x8", success_rate=0.75),
        table("FrozenLake8x8-v1"),
        table("CliffWalking-v1"),
        table("CliffWalkingSlippery-v1"),
        table("Taxi-v4"),
    ],
)
