"""The losses of language agents, in PyTorch, written from their equations, a token at a time.

Nothing here is shared with the code that it checks. A row is a list of cells; a cell has a token, who wrote it, and what the networks
give of the text up to it. A state is the cell before a token of the agent: what was read when it was chosen. `out` are the networks'
outputs of all cells: logits, q1, q2 [rows, length, vocabulary] and v [rows, length]; gradients are autograd's.
"""
import math

import torch

ENVIRONMENT, AGENT, ENVIRONMENT_BEGINS, AGENT_BEGINS = range(4)


def agents(row):
    return [i for i, who in enumerate(row["speakers"]) if who in (AGENT, AGENT_BEGINS)]


def trained(row):
    return [i for i in agents(row) if row["trained"][i]]


def last_cell(row):
    return max(i for i, there in enumerate(row["mask"]) if there)


def prefix_of(row, i):
    """The tokens of the utterance before cell i."""
    first = i
    while row["speakers"][first] != AGENT_BEGINS:
        first -= 1
    return row["tokens"][first:i]


def is_legal(prefix, token):
    """The rule of the tests: a pure function of what was said in the turn."""
    return (token + 2 * len(prefix) + (prefix[-1] if prefix else 0)) % 3 != 0


def mask_of(config, prefix, vocabulary):
    if not config["masked"]:
        return torch.ones(vocabulary, dtype=torch.bool)
    return torch.tensor([is_legal(prefix, token) for token in range(vocabulary)])


def log_softmax(scores, mask):
    return torch.log_softmax(scores.masked_fill(~mask, -math.inf), 0)


def discount_after(config, row, i):
    """γ of going from the state of token i to that of the agent's next token."""
    if config["discountPer"] == "token":
        return config["discount"]
    is_last = i == last_cell(row) or row["speakers"][i + 1] != AGENT
    return config["discount"] if is_last else 1.0


def n_steps_from(config, row, k):
    """The sum of rewards from the k-th trained token on, γ of the way, and the cell and prefix of the state that is bootstrapped from."""
    cells = trained(row)
    total, factor = 0.0, 1.0
    for passed, i in enumerate(cells[k:]):
        if passed == config["nSteps"]:
            return total, factor, i - 1, prefix_of(row, i)
        total += factor * row["rewards"][i]
        factor *= discount_after(config, row, i)
    return total, (0.0 if row["end"] == "terminated" else factor), last_cell(row), []


def return_to_go(config, row, k):
    total, factor = 0.0, 1.0
    for i in trained(row)[k:]:
        total += factor * row["rewards"][i]
        factor *= discount_after(config, row, i)
    return total + factor * row["tail"]


def heads(config, out, r, cell):
    return [out[name][r, cell] for name in (["q1", "q2"] if config["twin"] else ["q1"])]


def least(values):
    return torch.stack(values).amin(0)


def choices_of(config, logits, mask):
    """Where only so many are chosen among: the likeliest tokens of the language model that are legal."""
    if config["among"] is None:
        return mask
    ranked = sorted((token for token in range(len(mask)) if mask[token]), key=lambda token: -logits[token].item())
    return torch.tensor([token in ranked[: config["among"]] for token in range(len(mask))])


def target_of(config, online, target, row, r, k, vocabulary):
    objective = config["objective"]
    if objective["kind"] == "mc":
        return torch.tensor(return_to_go(config, row, k), dtype=torch.float64)
    total, factor, cell, prefix = n_steps_from(config, row, k)
    if objective["kind"] == "ilql":
        return total + factor * online["v"][r, cell].detach()
    mask = choices_of(config, target["logits"][r, cell], mask_of(config, prefix, vocabulary))
    frozen = least(heads(config, target, r, cell))
    chooser = least(heads(config, online, r, cell)).detach() if objective["doubleQ"] else frozen
    best = int(chooser.masked_fill(~mask, -math.inf).argmax())
    return total + factor * frozen[best]


def of_error(config, error):
    if config["valueLoss"] == "mse":
        return 0.5 * error**2
    kappa = config["huberKappa"]
    return torch.where(error.abs() <= kappa, 0.5 * error**2, kappa * (error.abs() - 0.5 * kappa))


def divergence(reference, scores, mask):
    """KL from a language model's distribution to another's: the sum of p ln(p / q) over what is legal."""
    p, q = log_softmax(reference, mask)[mask], log_softmax(scores, mask)[mask]
    return (p.exp() * (p - q)).sum()


def losses(config, online, target, reference, rows, vocabulary):
    """The loss of a batch, and how much each trained token is off, row after row."""
    kind = config["objective"]["kind"]
    count = sum(len(trained(row)) for row in rows)
    loss, off = torch.zeros((), dtype=torch.float64), []
    for r, row in enumerate(rows):
        for k, i in enumerate(trained(row)):
            weight = row["weight"] / count
            action, state = row["tokens"][i], i - 1
            mask = mask_of(config, prefix_of(row, i), vocabulary)
            language = -log_softmax(online["logits"][r, state], mask)[action]
            if kind == "sft":
                loss = loss + weight * language
                off.append(language.item())
                continue
            goal = target_of(config, online, target, row, r, k, vocabulary)
            values = heads(config, online, r, state)
            term = sum(of_error(config, goal - q[action]) for q in values)
            if kind == "ilql":
                error = least(heads(config, target, r, state))[action] - online["v"][r, state]
                tau = config["objective"]["expectile"]
                term = term + (1 - tau if error.item() < 0 else tau) * 0.5 * error**2
            if config["cql"] is not None:
                term = term + config["cql"]["alpha"] * sum(-log_softmax(q, mask)[action] for q in values)
            if config["reference"] is not None:
                kept = divergence(reference[r, state], online["logits"][r, state], mask)
                term = term + config["reference"]["weight"] * kept
            loss = loss + weight * (term + config["languageWeight"] * language)
            off.append(abs(goal.item() - sum(q[action].item() for q in values) / len(values)))
    return loss, off
