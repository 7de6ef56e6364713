"""Plays what a run has learned, from its policy.json: no package is needed. For `mlp` networks without a dueling head or layer norm."""

import json
import sys


def layer(x, kernel, bias):
    """x · kernel + bias; the kernel is [inputs, outputs], its numbers row by row."""
    outputs = kernel["shape"][1]
    return [
        sum(value * kernel["data"][i * outputs + j] for i, value in enumerate(x)) + bias["data"][j]
        for j in range(outputs)
    ]


def values(policy, observation):
    """Q(s, .) of a state."""
    x, parameters = observation, policy["parameters"]
    for i in range(len(policy["agent"]["network"]["hidden"])):
        x = layer(x, parameters[f"hidden{i}/kernel"], parameters[f"hidden{i}/bias"])
        x = [max(0.0, each) for each in x]
    return layer(x, parameters["output/kernel"], parameters["output/bias"])


with open(sys.argv[1]) as file:
    q = values(json.load(file), [float(number) for number in sys.argv[2:]])
print(json.dumps({"action": q.index(max(q)), "values": q}))
