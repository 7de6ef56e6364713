"""Batches at random and at the corners, and what the family makes of them: inputs and outputs."""
import numpy as np
import torch

import losses
import networks

ACTIONS, ROWS = 3, 10
C51 = dict(kind="c51", atoms=9, low=-2.0, high=2.0)
HL_GAUSS = dict(kind="hl-gauss", bins=8, low=-2.0, high=2.0, sigma=0.75)
QR = dict(kind="qr", quantiles=5, kappa=1.0)
IQN = dict(kind="iqn", samples=4, targetSamples=5, actingSamples=6, cosines=7, kappa=1.0)
SOFT = dict(doubleQ=False, munchausen=dict(alpha=0.9, tau=0.03, clip=-1.0))
DEFAULTS = dict(objective=dict(kind="expected"), doubleQ=True, loss="huber")

CASES = {
    "dqn": dict(doubleQ=False, loss="mse"),
    "double dqn": dict(),
    "dqn, rescaled": dict(valueRescaling=1e-3),
    "munchausen-dqn": SOFT,
    "munchausen-dqn, tau 1": dict(doubleQ=False, munchausen=dict(alpha=0.9, tau=1.0, clip=-1.0)),
    "dqn with cql": dict(cql=dict(alpha=0.7)),
    "c51": dict(objective=C51, doubleQ=False),
    "double c51": dict(objective=C51),
    "c51, rescaled": dict(objective=C51, valueRescaling=1e-2),
    "c51 with cql": dict(objective=C51, cql=dict(alpha=0.7)),
    "hl-gauss": dict(objective=HL_GAUSS),
    "munchausen hl-gauss": dict(objective=HL_GAUSS, **SOFT),
    "qr": dict(objective=QR, doubleQ=False),
    "double qr, kappa 0": dict(objective=dict(QR, kappa=0.0)),
    "double qr, kappa 0.5, rescaled": dict(objective=dict(QR, kappa=0.5), valueRescaling=1e-3),
    "munchausen qr": dict(objective=QR, **SOFT),
    "iqn": dict(objective=IQN, doubleQ=False),
    "double iqn": dict(objective=IQN),
    "munchausen-iqn": dict(objective=IQN, **SOFT),
    "double dqn, kappa 0.5": dict(huberKappa=0.5),
    "double dqn, kappa 3": dict(huberKappa=3.0),
}


def shape_of(spec):
    per = networks.outputs_per_action(spec)
    if spec["kind"] == "iqn":
        return (ROWS, ACTIONS, spec["actingSamples"])
    return (ROWS, ACTIONS) if per == 1 else (ROWS, ACTIONS, per)


def draw(rng, config, masked, extreme):
    """A batch and a network's outputs on it. Row 0 on: the corners; the rest at random."""
    spec = config["objective"]
    f32 = lambda x: np.asarray(x, np.float32).astype(np.float64)
    shape = shape_of(spec)
    # |q|/τ up to 10⁴ at τ = 0.03.
    scale = 150 if extreme else 1
    nets = {name: f32(scale * rng.normal(size=shape)) for name in ("online_next", "target_next", "target_here")}
    here_shape = shape if spec["kind"] != "iqn" else (ROWS, ACTIONS, spec["samples"])
    here = f32(rng.normal(size=here_shape))
    if spec["kind"] == "iqn":
        nets["target_samples"] = f32(rng.normal(size=(ROWS, ACTIONS, spec["targetSamples"])))
    batch = dict(
        actions=rng.integers(0, ACTIONS, ROWS),
        returns=f32(rng.normal(size=ROWS)),
        discounts=f32(np.where(rng.uniform(size=ROWS) < 0.3, 0, 0.9)),
        weights=f32(0.25 + 0.75 * rng.uniform(size=ROWS)),
        masks=None,
        nextMasks=None,
    )
    # Terminated on an atom and an edge, on another, beyond either end, and truncated far beyond.
    batch["returns"][:5] = [0.5, -1.0, 7.0, -7.0, 6.0]
    batch["discounts"][:5] = [0, 0, 0, 0, 0.9]
    # Errors of 0, κ and −κ, without a bootstrap and in numbers that float32 has; of quantiles, for the first of them.
    first = here[..., 0] if here.ndim == 3 else here
    kappa = config.get("huberKappa", 1.0)
    for row, error in ((5, 0.0), (6, kappa), (7, -kappa)):
        first[row, batch["actions"][row]] = 0.25
        batch["returns"][row], batch["discounts"][row] = 0.25 + error, 0
    # Ties: of all actions, and of two.
    for name in ("online_next", "target_next"):
        nets[name][8] = nets[name][8, :1]
        nets[name][4, 2] = nets[name][4, 1]
    if masked:
        for name, taken in (("masks", batch["actions"]), ("nextMasks", rng.integers(0, ACTIONS, ROWS))):
            mask = (rng.uniform(size=(ROWS, ACTIONS)) < 0.5).astype(np.int64)
            mask[np.arange(ROWS), taken] = 1
            batch[name] = mask
    levels = f32(rng.uniform(size=(ROWS, spec["samples"]))) if spec["kind"] == "iqn" else None
    return here, nets, batch, levels


def loss_case(rng, name, config, masked):
    config = {**DEFAULTS, **config}
    extreme = (config.get("munchausen") or {}).get("tau") == 0.03 and config["objective"]["kind"] in ("expected", "qr", "iqn")
    here, nets, batch, levels = draw(rng, config, masked, extreme)
    tensor = lambda x: None if x is None else torch.as_tensor(x)
    out = torch.tensor(here, requires_grad=True)
    tensors = {key: tensor(x) for key, x in nets.items()}
    with torch.no_grad():
        target = losses.objective(config, out, tensors, {k: tensor(x) for k, x in batch.items()}, tensor(levels))[2]
    loss, priorities, _ = losses.objective(config, out, tensors, {k: tensor(x) for k, x in batch.items()}, tensor(levels))
    loss.backward()
    return dict(
        name=f"{name}, masked" if masked else name,
        config=config,
        here=here,
        nets=nets,
        batch={key: x for key, x in batch.items() if x is not None},
        levels=levels,
        expected=dict(
            loss=loss.item(),
            priorities=priorities.detach(),
            gradient=out.grad,
            target=target,
            values=losses.values(config, out.detach()),
        ),
    )


def network_case(rng, kind, spec, dueling):
    config = dict(objective=spec, network=dict(hidden=[5, 4], dueling=dueling))
    width, rows = 3, 4
    f32 = lambda x: np.asarray(x, np.float32).astype(np.float64)
    numbers = {name: f32(rng.normal(size=shape)) for name, shape in networks.parameter_specs(config, width, ACTIONS)}
    p = {name: torch.tensor(x, requires_grad=True) for name, x in numbers.items()}
    states = f32(rng.normal(size=(rows, width)))
    levels = f32(rng.uniform(size=(rows, 3))) if spec["kind"] == "iqn" else None
    if levels is not None:
        levels[0] = [0, 0.5, 1]
    out = networks.forward(config, p, torch.tensor(states), ACTIONS, None if levels is None else torch.tensor(levels))
    slopes = f32(rng.normal(size=tuple(out.shape)))
    (out * torch.tensor(slopes)).sum().backward()
    return dict(
        name=f"{kind}, dueling" if dueling else kind,
        config=config,
        parameters=numbers,
        states=states,
        levels=levels,
        slopes=slopes,
        expected=dict(out=out.detach(), gradients={name: x.grad for name, x in p.items()}),
    )


def make(seed):
    rng = np.random.default_rng(seed)
    return dict(
        losses=[loss_case(rng, name, case, masked) for name, case in CASES.items() for masked in (False, True)],
        networks=[
            network_case(rng, kind, spec, dueling)
            for kind, spec in (("c51", dict(C51, atoms=3)), ("qr", dict(QR, quantiles=3)), ("iqn", IQN))
            for dueling in (False, True)
        ],
    )
