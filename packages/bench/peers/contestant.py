"""The Python side of packages/bench/src/contest/contestant.ts."""

import sys
import time


def answer_measurements(call, operations=1, clock=time.perf_counter, warm_up=30):
    """Writes a line when ready, then for each line `milliseconds` the microseconds an operation took over that time.

    clock: seconds since some moment; those of the wall by default.
    """
    start = clock()
    for done in range(warm_up):
        call()
        # Some calls are long: the third has compiled all that will be.
        if done >= 2 and clock() - start > 1.5:
            break
    print("ready", flush=True)
    for line in sys.stdin:
        milliseconds = float(line)
        # The caches are still those of the contestant before.
        time_of(call, milliseconds / 10, clock)
        print(time_of(call, milliseconds, clock) / operations, flush=True)


def time_of(call, milliseconds, clock):
    """Microseconds a call, of calls for about so long."""
    calls, elapsed, start = 0, 0.0, clock()
    while elapsed < milliseconds / 1000:
        call()
        calls += 1
        elapsed = clock() - start
    return elapsed * 1e6 / calls
