"""The family's networks in PyTorch: names and shapes of the parameters, and the forward pass of a multilayer perceptron."""
import math

import torch


def outputs_per_action(spec):
    return {"expected": 1, "iqn": 1, "c51": spec.get("atoms"), "hl-gauss": spec.get("bins"), "qr": spec.get("quantiles")}[
        spec["kind"]
    ]


def parameter_specs(config, width, actions):
    """Names and shapes, in our order."""
    spec, hidden, dueling = config["objective"], config["network"]["hidden"], config["network"]["dueling"]
    iqn = spec["kind"] == "iqn"
    shared = hidden[:-1] if dueling or iqn else hidden
    sizes = [width, *shared]
    layers = [(f"hidden{i}", sizes[i], sizes[i + 1]) for i in range(len(shared))]
    if iqn:
        layers.append(("embedding", spec["cosines"], sizes[-1]))
    per = outputs_per_action(spec)
    if dueling:
        for stream, outputs in (("value", per), ("advantage", actions * per)):
            layers += [(f"{stream}/hidden", sizes[-1], hidden[-1]), (f"{stream}/output", hidden[-1], outputs)]
    elif iqn:
        layers += [("hidden", sizes[-1], hidden[-1]), ("output", hidden[-1], actions)]
    else:
        layers.append(("output", sizes[-1], actions * per))
    return [item for name, i, o in layers for item in ((f"{name}/kernel", (i, o)), (f"{name}/bias", (o,)))]


def forward(config, p, x, actions, levels=None):
    """[rows, actions] of `expected`, else [rows, actions, atoms or quantiles]; levels [rows, N] of IQN."""
    spec, hidden, dueling = config["objective"], config["network"]["hidden"], config["network"]["dueling"]
    iqn = spec["kind"] == "iqn"
    dense = lambda name, x: x @ p[f"{name}/kernel"] + p[f"{name}/bias"]
    for i in range(len(hidden) - (1 if dueling or iqn else 0)):
        x = torch.relu(dense(f"hidden{i}", x))
    if iqn:
        # Dabney et al., 2018b, equation 4.
        waves = torch.cos(math.pi * torch.arange(spec["cosines"], dtype=torch.float64) * levels[:, :, None])
        x = x[:, None, :] * torch.relu(dense("embedding", waves))
        if not dueling:
            x = torch.relu(dense("hidden", x))
    per = outputs_per_action(spec)
    if dueling:
        value, advantage = (
            dense(f"{stream}/output", torch.relu(dense(f"{stream}/hidden", x))) for stream in ("value", "advantage")
        )
        value = value.reshape(*x.shape[:-1], 1, per)
        advantage = advantage.reshape(*x.shape[:-1], actions, per)
        out = value + advantage - advantage.mean(-2, keepdim=True)
    else:
        out = dense("output", x).reshape(*x.shape[:-1], actions, per)
    if iqn:
        return out.squeeze(-1).transpose(1, 2)
    return out.squeeze(-1) if spec["kind"] == "expected" else out


def acting_levels(spec, rows):
    k = spec["actingSamples"]
    return ((2 * torch.arange(k, dtype=torch.float64) + 1) / (2 * k)).repeat(rows, 1)
