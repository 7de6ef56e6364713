"""Prints what PyTorch makes of batches of dialogues: python main.py SEED. token-q.json.gz is that of seed 0.

Needs torch; `npm run test:reference` runs it with fresh seeds.
"""
import json
import random
import sys

import torch

from losses import AGENT, AGENT_BEGINS, ENVIRONMENT, ENVIRONMENT_BEGINS, is_legal, losses

VOCABULARY, LENGTH = 7, 20


def text(draw, longest):
    return [draw.randrange(VOCABULARY) for _ in range(draw.randint(1, longest))]


def utterance(draw, masked):
    said = []
    for _ in range(draw.randint(1, 4)):
        legal = [token for token in range(VOCABULARY) if not masked or is_legal(said, token)]
        said.append(draw.choice(legal))
    return said


def dialogue(draw, masked, kind):
    """A row: 'whole' begins an episode, 'middle' has read before what it is trained on, 'cut' begins with an utterance."""
    tokens, speakers, trained_from = [], [], 0

    def say(words, who, begins):
        tokens.extend(words)
        speakers.extend([begins] + [who] * (len(words) - 1))

    turns = draw.randint(1, 3)
    if kind == "middle":
        say(text(draw, 2), ENVIRONMENT, ENVIRONMENT_BEGINS)
        say(utterance(draw, masked), AGENT, AGENT_BEGINS)
        say(text(draw, 2), ENVIRONMENT, ENVIRONMENT_BEGINS)
        trained_from = len(tokens)
        turns = 1
    elif kind != "cut":
        say(text(draw, 3), ENVIRONMENT, ENVIRONMENT_BEGINS)
    for turn in range(turns):
        said = utterance(draw, masked)
        answer = [] if draw.random() < 0.2 else text(draw, 2)
        if len(tokens) + len(said) + len(answer) > LENGTH:
            break
        say(said, AGENT, AGENT_BEGINS)
        if answer:
            say(answer, ENVIRONMENT, ENVIRONMENT_BEGINS)
    pad = LENGTH - len(tokens)
    is_agents = [who in (AGENT, AGENT_BEGINS) for who in speakers]
    trained = [int(a and i >= max(1, trained_from)) for i, a in enumerate(is_agents)]
    end = draw.choice(["terminated", "truncated", "continues"])
    return {
        "tokens": tokens + [0] * pad,
        "speakers": speakers + [0] * pad,
        "mask": [1] * len(tokens) + [0] * pad,
        "trained": trained + [0] * pad,
        "rewards": [draw.gauss(0, 2) if t else 0.0 for t in trained] + [0.0] * pad,
        "end": end,
        "tail": draw.gauss(0, 2) if end == "continues" else 0.0,
        "weight": draw.choice([1.0, draw.random()]),
    }


def outputs(draw, rows, scale):
    of = lambda *shape: [draw.gauss(0, scale) for _ in range(torch.Size(shape).numel())]
    cells = {name: (of(rows, LENGTH, VOCABULARY), (rows, LENGTH, VOCABULARY)) for name in ("logits", "q1", "q2")}
    cells["v"] = (of(rows, LENGTH), (rows, LENGTH))
    # As float32 has them, which is what is fed to the other side.
    return {name: torch.tensor(x, dtype=torch.float32).double().reshape(shape) for name, (x, shape) in cells.items()}


def case(seed, config):
    draw = random.Random(seed)
    rows = [dialogue(draw, config["masked"], kind) for kind in ("whole", "middle", "cut", "whole", "whole")]
    for row in rows:
        for name in ("rewards",):
            row[name] = torch.tensor(row[name], dtype=torch.float32).tolist()
        row["tail"], row["weight"] = (torch.tensor(row[n], dtype=torch.float32).item() for n in ("tail", "weight"))
    online, target = outputs(draw, len(rows), 1.5), outputs(draw, len(rows), 1.5)
    reference = outputs(draw, len(rows), 1.5)["logits"]
    for values in online.values():
        values.requires_grad_()
    loss, off = losses(config, online, target, reference, rows, VOCABULARY)
    loss.backward()
    gradients = {name: x.grad if x.grad is not None else torch.zeros_like(x) for name, x in online.items()}
    return {
        "config": config,
        "vocabulary": VOCABULARY,
        "rows": rows,
        "online": {name: x.detach() for name, x in online.items()},
        "target": target,
        "reference": reference,
        "expected": {"loss": loss, "priorities": off, "gradients": gradients},
    }


BASE = dict(languageWeight=1.0, reference=None, cql=None, valueLoss="mse", huberKappa=1.0, twin=True, nSteps=1, discount=0.9, discountPer="token", among=None, masked=False)
ILQL = {"kind": "ilql", "expectile": 0.8}
DQN = {"kind": "dqn", "doubleQ": True}
CONFIGS = {
    "sft": dict(objective={"kind": "sft"}),
    "sft, masks": dict(objective={"kind": "sft"}, masked=True),
    "mc": dict(objective={"kind": "mc"}),
    "mc, a turn’s γ, CQL, masks": dict(objective={"kind": "mc"}, discountPer="turn", cql={"alpha": 0.5}, masked=True),
    "ilql": dict(objective=ILQL),
    "ilql, CQL, masks": dict(objective=ILQL, cql={"alpha": 0.3}, masked=True),
    "ilql, a turn’s γ, three steps": dict(objective=ILQL, discountPer="turn", nSteps=3),
    "ilql, Huber, no language, a low expectile": dict(objective={"kind": "ilql", "expectile": 0.3}, valueLoss="huber", huberKappa=0.7, languageWeight=0.0),
    "dqn": dict(objective=DQN, twin=False, valueLoss="huber", languageWeight=0.0),
    "dqn, masks": dict(objective=DQN, twin=False, masked=True),
    "dqn, two heads, five steps, masks": dict(objective=DQN, nSteps=5, masked=True, discountPer="turn"),
    "dqn, one network, CQL": dict(objective={"kind": "dqn", "doubleQ": False}, twin=False, cql={"alpha": 0.2}, masked=True),
    "dqn, among the three likeliest": dict(objective=DQN, among=3),
    "dqn, among the two likeliest, masks, one network": dict(objective={"kind": "dqn", "doubleQ": False}, twin=False, among=2, masked=True),
    "dqn, near a reference": dict(objective=DQN, languageWeight=0.0, reference={"weight": 0.7}),
    "ilql, near a reference, masks": dict(objective=ILQL, reference={"weight": 1.5}, masked=True),
    "dqn, among more than are legal, five steps": dict(objective=DQN, nSteps=5, among=6, masked=True),
}


def plain(x):
    """Lists of numbers of 9 digits."""
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    if isinstance(x, list):
        return [plain(value) for value in x]
    if isinstance(x, float):
        return float(f"{x:.9g}")
    return plain(x.tolist()) if hasattr(x, "tolist") else x


torch.set_num_threads(1)
seed = int(sys.argv[1])
cases = {name: case(1000 * seed + i, {**BASE, **config}) for i, (name, config) in enumerate(CONFIGS.items())}
print(json.dumps(plain({"seed": seed, "cases": cases}), separators=(",", ":")))
