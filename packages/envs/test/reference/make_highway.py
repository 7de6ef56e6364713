"""Writes what highway-env itself does, for highway.test.ts to hold the native driving scenes against.

    python3 -m venv .venv && .venv/bin/pip install 'highway-env==1.12.1'
    .venv/bin/python packages/envs/test/reference/make_highway.py

An episode is a scene (what `qfleet env trace` takes as `state`), actions, and what they led to. Arrays are
base64 of little-endian values, a whole file is gzip. Positions, headings and speeds are in units of 1e-7 (m, rad,
m/s), each as its difference from the same vehicle's a step before.
"""

import argparse
import base64
import gzip
import json
from importlib.metadata import version
from pathlib import Path

import gymnasium as gym
import highway_env  # noqa: F401: registers its environments
import numpy as np
from highway_env.vehicle.behavior import IDMVehicle
from highway_env.vehicle.controller import MDPVehicle

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--out", type=Path, default=Path(__file__).parent)
args = parser.parse_args()
USUAL = {"DISTANCE_WANTED": 10.0, "COMFORT_ACC_MAX": 3.0, "COMFORT_ACC_MIN": -5.0}
EPISODES = {
    "highway-fast-v0": 8,
    "highway-v0": 2,
    "merge-v0": 4,
    "merge-v1": 6,
    "roundabout-v0": 4,
    "roundabout-v1": 8,
    "intersection-v0": 6,
    "intersection-v2": 8,
}


def pack(values, dtype):
    return base64.b64encode(np.asarray(values, dtype=dtype).tobytes()).decode()


def lane_index(index):
    return [str(index[0]), str(index[1]), None if index[2] is None else int(index[2])]


def describe(vehicle, number):
    is_ego = isinstance(vehicle, MDPVehicle)
    action = vehicle.action
    return {
        "id": number,
        "kind": "MDPVehicle" if is_ego else "IDMVehicle",
        "position": [float(x) for x in vehicle.position],
        "heading": float(vehicle.heading),
        "speed": float(vehicle.speed),
        "lane": lane_index(vehicle.lane_index),
        "target_lane": lane_index(vehicle.target_lane_index),
        "target_speed": float(vehicle.target_speed),
        "route": None if vehicle.route is None else [lane_index(step) for step in vehicle.route],
        "timer": None if is_ego else float(vehicle.timer),
        "delta": None if is_ego else float(vehicle.DELTA),
        "check_collisions": bool(vehicle.check_collisions),
        "crashed": bool(vehicle.crashed),
        "action": {name: float(action[name]) for name in ("steering", "acceleration")},
        "impact": None if vehicle.impact is None else [float(x) for x in vehicle.impact],
        "is_yielding": bool(getattr(vehicle, "is_yielding", False)),
        "yield_timer": int(getattr(vehicle, "yield_timer", 0)),
        "speed_index": int(vehicle.speed_index) if is_ego else None,
    }


def state(vehicle):
    return np.array([*vehicle.position, vehicle.heading, vehicle.speed])


def fixed(vehicle):
    return np.round(state(vehicle) * 1e7).astype(np.int64)


def policy(rng, kind, actions):
    """Random actions; or one that goes on for a while, so that episodes last and lanes are left."""
    if kind == 0:
        return lambda: int(rng.integers(actions))
    favourite = int(rng.integers(actions))
    return lambda: favourite if rng.uniform() < 0.7 else int(rng.integers(actions))


def begin(env_id, seed, config):
    for name, value in USUAL.items():
        setattr(IDMVehicle, name, value)  # The intersection changes them for good.
    env = gym.make(env_id, config=config)
    initial, _ = env.reset(seed=seed)
    return env, initial


def steady_steps(env_id, seed, config, actions, states):
    """For how many steps rounding does not matter: a scene with speeds 1e-14 m/s aside stays within 1e-8."""
    env, _ = begin(env_id, seed, config)
    numbers = {vehicle: i for i, vehicle in enumerate(env.unwrapped.road.vehicles)}
    for vehicle in numbers:
        vehicle.speed += 1e-14
    for step, action in enumerate(actions):
        env.step(action)
        there = {numbers[vehicle]: state(vehicle) for vehicle in env.unwrapped.road.vehicles}
        here = states[step]
        if there.keys() != here.keys() or max(np.abs(there[i] - here[i]).max() for i in here) > 1e-8:
            return step
    return len(actions)


def episode(env_id, seed, config):
    env, initial = begin(env_id, seed, config)
    base = env.unwrapped
    numbers = {vehicle: i for i, vehicle in enumerate(base.road.vehicles)}
    scene = {
        "vehicles": [describe(vehicle, numbers[vehicle]) for vehicle in base.road.vehicles],
        "road_steps": int(getattr(base.road, "steps", 0)),
    }
    rng = np.random.default_rng(seed)
    choose = policy(rng, seed % 2, env.action_space.n)
    observations, actions, rewards, flags = [initial], [], [], []
    ids, crashed, moves, counts, states = [], [], [], [], []
    before = {vehicle: fixed(vehicle) for vehicle in base.road.vehicles}
    while not (flags and flags[-1]):
        action = choose()
        observation, reward, terminated, truncated, _ = env.step(action)
        assert observation.dtype == np.float32
        observations.append(observation)
        actions.append(action)
        rewards.append(float(reward))
        flags.append(int(terminated) + 2 * int(truncated))
        states.append({numbers[vehicle]: state(vehicle) for vehicle in base.road.vehicles})
        counts.append(len(base.road.vehicles))
        for vehicle in base.road.vehicles:
            ids.append(numbers[vehicle])
            crashed.append(vehicle.crashed)
            moves.append(fixed(vehicle) - before[vehicle])
            before[vehicle] = fixed(vehicle)
    env.close()
    return {
        "id": env_id,
        "options": config,
        "scene": scene,
        "steady": steady_steps(env_id, seed, config, actions, states),
        "actions": "".join(map(str, actions)),
        "observations": pack(observations, "<f4"),
        "rewards": pack(rewards, "<f8"),
        "flags": "".join(map(str, flags)),
        "counts": pack(counts, "<i1"),
        "ids": pack(ids, "<i1"),
        "crashed": pack(crashed, "<i1"),
        "moves": pack(np.asarray(moves).T, "<i4"),
    }


GRID = {"observation": {"type": "OccupancyGrid"}}


def main():
    assert version("highway-env") == "1.12.1"
    for env_id, count in EPISODES.items():
        config = {"spawn_probability": 0} if env_id.startswith("intersection") else {}
        write(env_id, [episode(env_id, args.seed + i, config) for i in range(count)])
    roads = ["highway-fast-v0", "merge-v1", "roundabout-v1", "intersection-v2"]
    spawn = {"intersection-v2": {"spawn_probability": 0}}
    write("occupancy-grid", [episode(env_id, args.seed + 100, GRID | spawn.get(env_id, {})) for env_id in roads])


def write(name, episodes):
    data = json.dumps(episodes, separators=(",", ":")).encode()
    path = args.out / f"{name}.json.gz"
    path.write_bytes(gzip.compress(data, 9, mtime=0))
    print(name, [len(e["actions"]) for e in episodes], [e["steady"] for e in episodes], path.stat().st_size)


main()
