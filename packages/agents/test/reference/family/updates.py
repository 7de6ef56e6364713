"""200 updates of four members from drawn parameters and batches, as test/family-checks.ts makes them too."""
import pathlib
import sys

import torch

sys.path.append(str(pathlib.Path(__file__).parents[1]))
from lcg import Lcg, draw_batch  # noqa: E402

import losses  # noqa: E402
import networks  # noqa: E402

ACTIONS, WIDTH, ROWS, UPDATES, RATE, TAU, CLIP = 3, 4, 16, 200, 1e-3, 0.05, 10.0
MEMBERS = {
    "dqn": dict(objective=dict(kind="expected"), doubleQ=False, loss="huber", network=dict(hidden=[12, 8], dueling=False)),
    "rainbow": dict(
        objective=dict(kind="c51", atoms=11, low=-4.0, high=4.0), doubleQ=True, network=dict(hidden=[12, 8], dueling=True)
    ),
    "munchausen-iqn": dict(
        objective=dict(kind="iqn", samples=4, targetSamples=5, actingSamples=6, cosines=16, kappa=1.0),
        doubleQ=False,
        munchausen=dict(alpha=0.9, tau=0.03, clip=-1.0),
        network=dict(hidden=[12, 8], dueling=False),
    ),
    "hl-gauss": dict(
        objective=dict(kind="hl-gauss", bins=12, low=-4.0, high=4.0, sigma=0.75),
        doubleQ=True,
        network=dict(hidden=[12, 8], dueling=False),
    ),
}


def levels_of(returns, draw, count):
    """Levels that follow from a batch in whole numbers, so that any language makes the same ones."""
    seeds = torch.round((returns + 2) * 2**22).long() % 4096
    places = (seeds[:, None] + 1663 * torch.arange(count) + 977 * draw) % 4096
    return (places.double() + 0.5) / 4096


def train(config, seed):
    lcg = Lcg(seed)
    specs = networks.parameter_specs(config, WIDTH, ACTIONS)
    draw = lambda shape: torch.tensor([lcg.uniform() - 0.5 for _ in range(torch.Size(shape).numel())]).double().reshape(shape)
    online = {name: draw(shape).requires_grad_() for name, shape in specs}
    target = {name: p.detach().clone() for name, p in online.items()}
    optimizer = torch.optim.Adam(online.values(), lr=RATE)
    spec = config["objective"]
    iqn = spec["kind"] == "iqn"
    said, priorities = [], None
    for _ in range(UPDATES):
        s, a, g, discount, s2, w = (torch.as_tensor(x) for x in draw_batch(lcg, ROWS, ACTIONS, WIDTH))
        batch = dict(actions=a, returns=g, discounts=discount, weights=w, masks=None, nextMasks=None)
        acting = networks.acting_levels(spec, ROWS) if iqn else None
        with torch.no_grad():
            nets = dict(
                online_next=networks.forward(config, online, s2, ACTIONS, acting),
                target_next=networks.forward(config, target, s2, ACTIONS, acting),
                target_here=networks.forward(config, target, s, ACTIONS, acting),
            )
            if iqn:
                drawn = levels_of(g, 0, spec["targetSamples"])
                nets["target_samples"] = networks.forward(config, target, s2, ACTIONS, drawn)
        levels = levels_of(g, 1, spec["samples"]) if iqn else None
        here = networks.forward(config, online, s, ACTIONS, levels)
        loss, priorities, _ = losses.objective(config, here, nets, batch, levels)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(online.values(), CLIP)
        optimizer.step()
        with torch.no_grad():
            for name, p in online.items():
                target[name] = TAU * p + (1 - TAU) * target[name]
        said.append(loss.item())
    return dict(
        losses=said,
        priorities=priorities.detach(),
        online={name: p.detach() for name, p in online.items()},
        target=target,
    )


def make(seed):
    return {name: dict(config=config, **train(config, seed)) for name, config in MEMBERS.items()}
