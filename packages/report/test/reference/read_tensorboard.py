"""Prints what TensorBoard shows of a directory, as JSON: for each tag its [step, value] pairs.

    pip install tensorboard==2.20.0
    python read_tensorboard.py DIRECTORY
"""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1])
events.Reload()
print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}))
