"""What cpprb or Reverb moves, for `qfleet bench replay --peer`.

Called with the peer's name; prints its figures as JSON: transitions a second, and microseconds of CPU time a transition.
The shapes are those of packages/bench/src/replay/shapes.ts.
"""

import json
import sys
import time
from importlib.metadata import version

import numpy as np

SECONDS = 2.0
TURN = 0.02
SHAPES = {
    "CartPole-size": {"shape": (4,), "dtype": np.float32, "stack": 1, "capacity": 2**20, "actions": 2},
    "84×84×4 uint8": {"shape": (84, 84), "dtype": np.uint8, "stack": 4, "capacity": 2**13, "actions": 6},
}
EPISODE = 200


def measure(work):
    """`work` moves some transitions and says how many. The best of short turns over SECONDS, as ours are taken."""
    work()
    rate, cpu, end = 0.0, float("inf"), time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        busy, start, moved = time.process_time(), time.perf_counter(), 0
        while time.perf_counter() - start < TURN:
            moved += work()
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        rate, cpu = max(rate, moved / seconds), min(cpu, busy / moved * 1e6)
    return {"rate": rate, "cpu": cpu}


def cpprb():
    from cpprb import PrioritizedReplayBuffer

    shapes = {}
    for name, case in SHAPES.items():
        stack, rows = case["stack"], 4 * EPISODE
        shape = case["shape"] if stack == 1 else (*case["shape"], stack)
        options = {} if stack == 1 else {"next_of": "obs", "stack_compress": "obs"}
        spec = {"obs": {"shape": shape, "dtype": case["dtype"]}, "act": {"dtype": np.int32}, "rew": {}, "done": {}}
        if stack == 1:
            spec["next_obs"] = {"shape": shape, "dtype": case["dtype"]}
        buffer = PrioritizedReplayBuffer(case["capacity"], spec, alpha=0.6, **options)
        frames = (np.arange(rows * np.prod(case["shape"])) * 7 % 256).astype(case["dtype"]).reshape(rows, *case["shape"])
        if stack > 1:
            frames = np.stack([np.roll(frames, -i, 0) for i in range(stack)], -1)
        columns = {
            "obs": frames,
            "next_obs": np.roll(frames, -1, 0),
            "act": np.zeros(rows, np.int32),
            "rew": np.ones(rows, np.float32),
            "done": np.zeros(rows, np.float32),
        }

        def insert():
            """An episode at a time: the way that cpprb takes most."""
            for first in range(0, rows, EPISODE):
                buffer.add(**{key: column[first : first + EPISODE] for key, column in columns.items()})
                buffer.on_episode_end()
            return rows

        for _ in range(case["capacity"] // rows + 1):
            insert()
        figures = {"insert": measure(insert), "sample": {}}
        for size in (32, 256):
            errors = np.random.default_rng(size).random(size)

            def sample():
                batch = buffer.sample(size, beta=0.4)
                buffer.update_priorities(batch["indexes"], errors)
                return size

            figures["sample"][size] = measure(sample)
        shapes[name] = figures
    return {"name": f"cpprb {version('cpprb')}, same machine", "shapes": shapes}


def reverb():
    import reverb
    import tensorflow as tf

    shapes = {}
    for name, case in SHAPES.items():
        table = reverb.Table(
            name="replay",
            sampler=reverb.selectors.Uniform(),
            remover=reverb.selectors.Fifo(),
            max_size=min(case["capacity"], 100_000),
            rate_limiter=reverb.rate_limiters.MinSize(1),
        )
        server = reverb.Server([table])
        client = reverb.Client(f"localhost:{server.port}")
        # Frames are not stacked here: that is the cheapest for Reverb, and what its recorded figure is of.
        stack = 1
        frame = (np.arange(np.prod(case["shape"])) * 7 % 256).astype(case["dtype"]).reshape(case["shape"])
        step = {"obs": frame, "act": np.int32(0), "rew": np.float32(1), "done": np.float32(0)}

        def insert():
            with client.trajectory_writer(num_keep_alive_refs=stack + 1) as writer:
                for i in range(EPISODE):
                    writer.append(step)
                    if i >= stack:
                        trajectory = {key: column[-1:] for key, column in writer.history.items() if key != "obs"}
                        trajectory["obs"] = writer.history["obs"][-stack - 1 :]
                        writer.create_item("replay", 1.0, trajectory)
                writer.flush()
            return EPISODE - stack

        figures = {"insert": measure(insert), "sample": {}}
        for size in (32, 256):
            dataset = reverb.TrajectoryDataset(
                server_address=f"localhost:{server.port}",
                table="replay",
                dtypes={key: tf.as_dtype(np.asarray(value).dtype) for key, value in step.items()},
                shapes={
                    key: tf.TensorShape((stack + 1 if key == "obs" else 1, *np.shape(value)))
                    for key, value in step.items()
                },
                max_in_flight_samples_per_worker=2 * size,
            ).batch(size)
            batches = iter(dataset)

            def sample():
                next(batches)
                return size

            figures["sample"][size] = measure(sample)
        shapes[name] = figures
        server.stop()
    return {"name": f"Reverb {version('dm-reverb')}, same machine", "shapes": shapes}


print(json.dumps({"cpprb": cpprb, "reverb": reverb}[sys.argv[1]]()))
