"""What onnxruntime makes of exported policies: python run.py FOLDER, where cases.json has their inputs."""
import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

folder = Path(sys.argv[1])
outputs = {}
for case in json.loads((folder / "cases.json").read_text()):
    onnx.checker.check_model(str(folder / case["file"]), full_check=True)
    session = onnxruntime.InferenceSession(str(folder / case["file"]), providers=["CPUExecutionProvider"])
    steps = []
    memory = {}
    for step in case["steps"]:
        given = {
            name: np.array(each["data"], dtype=each["dtype"]).reshape(each["shape"]) for name, each in step.items()
        }
        named = [each.name for each in session.get_inputs()]
        assert set(given) <= set(named), (given.keys(), named)
        rows = given["observation"].shape[0]
        for each in session.get_inputs():
            if each.name not in given:
                zeros = np.zeros([rows, *each.shape[1:]], np.float32)
                given[each.name] = memory.get(each.name + "_next", zeros)
        names = [each.name for each in session.get_outputs()]
        memory = dict(zip(names, session.run(names, given)))
        steps.append({name: {"shape": list(value.shape), "data": value.ravel().tolist()} for name, value in memory.items()})
    outputs[case["name"]] = steps
print(json.dumps(outputs))
