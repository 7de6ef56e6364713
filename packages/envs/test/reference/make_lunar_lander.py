"""Writes what Gymnasium's LunarLander-v3 does, for lunar-lander.test.ts to hold ours against.

    python3 -m venv .venv && .venv/bin/pip install 'gymnasium[box2d]==1.4.0' 'Box2D==2.3.10'
    .venv/bin/python packages/envs/test/reference/make_lunar_lander.py

- `bodies`: mass, centre of mass and inertia about the body's origin, of the hull and a leg.
- `flights`: episodes with all that was drawn in them, up to the first contact or the end. Observations are base64 of
  little-endian float32.
- `returns`: returns and lengths of whole episodes of a random policy and of Gymnasium's heuristic, a pair for each,
  of the same episodes whatever --seed is: whether two distributions are told apart is then no matter of luck.
"""

import argparse
import base64
import json
from pathlib import Path

import gymnasium as gym
import numpy as np
from gymnasium.envs.box2d.lunar_lander import heuristic

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=17)
parser.add_argument("--out", type=Path, default=Path(__file__).parent)
args = parser.parse_args()
EPISODES = 1_000


class Recorded:
    """Passes a generator's draws on and keeps them."""

    def __init__(self, rng):
        self.rng = rng
        self.uniforms, self.integers_drawn = [], []

    def uniform(self, low, high, size=None):
        drawn = self.rng.uniform(low, high, size)
        self.uniforms.extend([float(x) for x in np.atleast_1d(drawn)])
        return drawn

    def integers(self, low, high):
        drawn = self.rng.integers(low, high)
        self.integers_drawn.append(int(drawn))
        return drawn


def make(options):
    return gym.make("LunarLander-v3", **options).unwrapped


def bodies():
    env = make({})
    env.reset(seed=0)
    return {
        name: {"mass": body.mass, "center": list(body.localCenter), "inertia": body.inertia}
        for name, body in [("hull", env.lander), ("leg", env.legs[0])]
    }


def flight(seed, policy, options):
    env = make(options)
    recorded = Recorded(np.random.default_rng(seed))
    env.np_random = recorded
    # `reset` without a seed leaves the generator as it is.
    observation, _ = env.reset()
    observations, rewards, actions, flags = [observation], [], [], []
    while not (flags and flags[-1]) and not (observation[6] or observation[7]) and len(actions) < 400:
        action = int(policy(env, observation, len(actions)))
        observation, reward, terminated, _, _ = env.step(action)
        actions.append(action)
        observations.append(observation)
        rewards.append(float(reward))
        flags.append(bool(terminated))
    drawn = recorded.uniforms
    dispersion = [x / 30 for x in drawn[14:]]
    draws = {
        "terrain": drawn[:12],
        "force": drawn[12:14],
        "dispersion": [dispersion[i : i + 2] for i in range(0, len(dispersion), 2)],
    }
    if recorded.integers_drawn:
        draws["wind"] = recorded.integers_drawn
    return {
        "options": options,
        "draws": draws,
        "actions": "".join(map(str, actions)),
        "observations": base64.b64encode(np.asarray(observations, "<f4").tobytes()).decode(),
        "rewards": [round(reward, 6) for reward in rewards],
        "terminated": flags[-1],
    }


def flights():
    rng = np.random.default_rng(args.seed)

    def random(env, s, t):
        return rng.integers(4)

    def steady(env, s, t):
        return heuristic(env, s)

    def hover(env, s, t):
        # Stays in the air: the heuristic, held above the ground and away from the edges.
        if abs(s[4]) < 0.3 and (s[1] < 0.6 or s[3] < -0.3):
            return 2
        return heuristic(env, np.array([s[0], max(s[1], 0.8), *s[2:]]))

    gale = {"enable_wind": True, "wind_power": 20.0, "turbulence_power": 2.0}
    policies = [(random, {})] * 4 + [(steady, {})] * 3 + [(hover, {})] * 2
    policies += [(lambda env, s, t, a=a: a, {}) for a in range(4)]
    policies += [(random, gale), (steady, gale), (steady, {"gravity": -4.0})]
    return [flight(args.seed + 83 + i, policy, options) for i, (policy, options) in enumerate(policies)]


def returns(policy):
    env = gym.make("LunarLander-v3")
    env.action_space.seed(1)
    pairs = []
    for seed in range(EPISODES):
        s, _ = env.reset(seed=10_000 + seed)
        total, steps, done = 0.0, 0, False
        while not done:
            s, reward, terminated, truncated, _ = env.step(policy(env, s))
            total += float(reward)
            steps += 1
            done = terminated or truncated
        pairs.append([round(total, 3), steps])
    return pairs


def main():
    trace = {
        "gymnasium": gym.__version__,
        "bodies": bodies(),
        "flights": flights(),
        "returns": {"random": returns(lambda env, s: env.action_space.sample()), "heuristic": returns(heuristic)},
    }
    (args.out / "lunar-lander.json").write_text(json.dumps(trace, separators=(",", ":")) + "\n")


main()
