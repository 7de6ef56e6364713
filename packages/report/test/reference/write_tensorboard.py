"""Writes tensorboard.json beside it: records that the tensorboard package (2.20.0) itself makes, as hexadecimal text.

    pip install tensorboard==2.20.0
    python write_tensorboard.py
"""

import json
import os
import tempfile

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

events = [
    event_pb2.Event(wall_time=1700000000.25, file_version="brain.Event:2"),
    event_pb2.Event(
        wall_time=1700000000.25, step=100, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    ),
    event_pb2.Event(
        wall_time=1700000000.25,
        step=5_000_000_000,
        summary=summary_pb2.Summary(
            value=[
                summary_pb2.Summary.Value(tag="rollout/return", simple_value=21.5),
                summary_pb2.Summary.Value(tag="train/loss", simple_value=-0.1),
            ]
        ),
    ),
]
records = []
for event in events:
    path = os.path.join(tempfile.mkdtemp(), "record")
    with open(path, "wb") as file:
        RecordWriter(file).write(event.SerializeToString())
    with open(path, "rb") as file:
        records.append(file.read().hex())
with open(os.path.join(os.path.dirname(__file__), "tensorboard.json"), "w") as out:
    json.dump({"records": records}, out, indent=1)
    out.write("\n")
