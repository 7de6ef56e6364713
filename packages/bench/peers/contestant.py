"""The Python side of packages/bench/src/contest/contestant.ts."""

import sys
import time


def answer_measurements(call, operations=1, warm_up=30):
    """Writes a line when ready, then for each line `milliseconds` the microseconds an operation took over that time."""
    start = time.perf_counter()
    for done in range(warm_up):
        call()
        # Some calls are long: the third has compiled all that will be.
        if done >= 2 and time.perf_counter() - start > 1.5:
            break
    print("ready", flush=True)
    for line in sys.stdin:
        milliseconds = float(line)
        # The caches are still those of the contestant before.
        time_of(call, milliseconds / 10)
        print(time_of(call, milliseconds) / operations, flush=True)


def time_of(call, milliseconds):
    """Microseconds a call, of calls for about so long."""
    calls, elapsed, start = 0, 0.0, time.perf_counter()
    while elapsed < milliseconds / 1000:
        call()
        calls += 1
        elapsed = time.perf_counter() - start
    return elapsed * 1e6 / calls
