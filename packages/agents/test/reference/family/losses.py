"""The family's targets, losses and priorities, in PyTorch, each written from its paper's equations.

Nothing here is shared with the code that it checks: expectations are written out, and gradients are autograd's.
`out` are a network's outputs [rows, actions, …]; a batch has actions, returns, discounts, weights, and masks or None.
"""
import math

import torch
import torch.nn.functional as F


def masked_argmax(q, mask):
    return (q if mask is None else q.masked_fill(mask == 0, -math.inf)).argmax(1)


def log_policy(q, mask, tau):
    """ln π, π = softmax(q/τ) over the allowed actions; −inf where one is not allowed."""
    return torch.log_softmax((q if mask is None else q.masked_fill(mask == 0, -math.inf)) / tau, 1)


def rows_at(x, actions):
    return x[torch.arange(len(actions)), actions]


def h(x, epsilon):
    return torch.sign(x) * (torch.sqrt(x.abs() + 1) - 1) + epsilon * x


def h_inverse(x, epsilon):
    """Pohlen et al., 2018, proposition A.2, as printed; exact enough in float64."""
    root = (torch.sqrt(1 + 4 * epsilon * (x.abs() + 1 + epsilon)) - 1) / (2 * epsilon)
    return torch.sign(x) * (root**2 - 1)


def backup(config, returns, discounts, x):
    epsilon = config.get("valueRescaling")
    if epsilon is None:
        return returns + discounts * x
    return h(returns + discounts * h_inverse(x, epsilon), epsilon)


def munchausen_parts(config, q_here, q_next, batch):
    """The bonus of the return, and π and ln π of the next state (Vieillard et al., 2020, equation 1)."""
    alpha, tau, clip = (config["munchausen"][name] for name in ("alpha", "tau", "clip"))
    taken = rows_at(log_policy(q_here, batch["masks"], tau), batch["actions"])
    logs = log_policy(q_next, batch["nextMasks"], tau)
    policy = logs.exp()
    finite = torch.where(policy > 0, logs, torch.zeros_like(logs))
    return alpha * (tau * taken).clamp(clip, 0), policy, tau * finite


def scalar_target(config, q, batch):
    """q: Q of `online_next`, `target_next` and `target_here`."""
    returns, discounts = batch["returns"], batch["discounts"]
    if config.get("munchausen"):
        bonus, policy, logs = munchausen_parts(config, q["target_here"], q["target_next"], batch)
        value = (policy * (q["target_next"] - logs)).sum(1)
        return returns + bonus + discounts * value
    chooser = q["online_next"] if config["doubleQ"] else q["target_next"]
    value = rows_at(q["target_next"], masked_argmax(chooser, batch["nextMasks"]))
    return backup(config, returns, discounts, value)


def sample_target(config, z, q, batch):
    """z: the target network's quantiles of s', [rows, actions, N']."""
    returns, discounts = batch["returns"][:, None], batch["discounts"][:, None]
    if config.get("munchausen"):
        bonus, policy, logs = munchausen_parts(config, q["target_here"], q["target_next"], batch)
        value = (policy[:, :, None] * (z - logs[:, :, None])).sum(1)
        return returns + bonus[:, None] + discounts * value
    chooser = q["online_next"] if config["doubleQ"] else q["target_next"]
    chosen = rows_at(z, masked_argmax(chooser, batch["nextMasks"]))
    return backup(config, returns, discounts, chosen)


def huber(x, delta):
    return torch.where(x.abs() <= delta, 0.5 * x**2, delta * (x.abs() - 0.5 * delta))


def expected_loss(config, q, target, batch):
    error = target - rows_at(q, batch["actions"])
    losses = huber(error, config.get("huberKappa", 1.0)) if config["loss"] == "huber" else error**2
    return (batch["weights"] * losses).mean(), error.abs()


def c51_target(config, p_next, q, batch):
    """Bellemare et al., 2017, algorithm 1, atom by atom."""
    spec = config["objective"]
    low, high, n = spec["low"], spec["high"], spec["atoms"]
    atoms = torch.linspace(low, high, n, dtype=torch.float64)
    chooser = q["online_next"] if config["doubleQ"] else q["target_next"]
    p = rows_at(p_next, masked_argmax(chooser, batch["nextMasks"]))
    m = torch.zeros_like(p)
    for row in range(len(p)):
        moved = backup(config, batch["returns"][row], batch["discounts"][row], atoms).clamp(low, high)
        for j in range(n):
            b = float((moved[j] - low) / ((high - low) / (n - 1)))
            lower, upper = math.floor(b), math.ceil(b)
            if lower == upper:
                m[row, lower] += p[row, j]
            else:
                m[row, lower] += p[row, j] * (upper - b)
                m[row, upper] += p[row, j] * (b - lower)
    return m


def hl_gauss_target(config, target):
    """Farebrother et al., 2024, section 3.1: the normal's mass in each bin, of what lies within the range."""
    spec = config["objective"]
    low, high, n = spec["low"], spec["high"], spec["bins"]
    edges = torch.linspace(low, high, n + 1, dtype=torch.float64)
    normal = torch.distributions.Normal(target.clamp(low, high)[:, None], spec["sigma"] * (high - low) / n)
    cdf = normal.cdf(edges[None, :])
    return (cdf[:, 1:] - cdf[:, :-1]) / (cdf[:, -1:] - cdf[:, :1])


def histogram_loss(logits, m, batch):
    logs = torch.log_softmax(rows_at(logits, batch["actions"]), 1)
    losses = -(m * logs).sum(1)
    divergence = F.kl_div(logs, m, reduction="none").sum(1)
    return (batch["weights"] * losses).mean(), divergence


def quantile_loss(theta, levels, samples, kappa, batch):
    """Dabney et al., 2018, equations 9 and 10; κ = 0: equation 8."""
    chosen = rows_at(theta, batch["actions"])
    u = samples[:, None, :] - chosen[:, :, None]
    sides = (levels[:, :, None] - (u.detach() < 0).double()).abs()
    losses = sides * (u.abs() if kappa == 0 else huber(u, kappa) / kappa)
    rows = losses.mean(2).sum(1)
    return (batch["weights"] * rows).mean(), rows


def cql_term(config, q, batch):
    """Kumar et al., 2020, equation 4."""
    mask = batch["masks"]
    allowed = q if mask is None else q.masked_fill(mask == 0, -math.inf)
    gaps = torch.logsumexp(allowed, 1) - rows_at(q, batch["actions"])
    return config["cql"]["alpha"] * (batch["weights"] * gaps).mean()


def values(config, out):
    """Q of a network's outputs."""
    spec = config["objective"]
    if spec["kind"] == "expected":
        return out
    if spec["kind"] in ("qr", "iqn"):
        return out.mean(2)
    if spec["kind"] == "c51":
        support = torch.linspace(spec["low"], spec["high"], spec["atoms"], dtype=torch.float64)
    else:
        edges = torch.linspace(spec["low"], spec["high"], spec["bins"] + 1, dtype=torch.float64)
        support = (edges[1:] + edges[:-1]) / 2
    return (torch.softmax(out, 2) * support).sum(2)


def objective(config, online_here, nets, batch, levels=None):
    """The loss, the priorities and the target of a batch.

    nets: outputs `online_next`, `target_next`, `target_here` by which actions are valued, and for IQN `target_samples`
    [rows, actions, N'] at the drawn levels; levels [rows, N] are those of online_here.
    """
    spec = config["objective"]
    q = {name: values(config, out) for name, out in nets.items() if name != "target_samples"}
    if spec["kind"] == "expected":
        target = scalar_target(config, q, batch)
        loss, priorities = expected_loss(config, online_here, target, batch)
    elif spec["kind"] == "c51":
        target = c51_target(config, torch.softmax(nets["target_next"], 2), q, batch)
        loss, priorities = histogram_loss(online_here, target, batch)
    elif spec["kind"] == "hl-gauss":
        target = hl_gauss_target(config, scalar_target(config, q, batch))
        loss, priorities = histogram_loss(online_here, target, batch)
    else:
        if spec["kind"] == "qr":
            n = spec["quantiles"]
            levels = ((2 * torch.arange(n, dtype=torch.float64) + 1) / (2 * n))[None, :]
        target = sample_target(config, nets.get("target_samples", nets["target_next"]), q, batch)
        loss, priorities = quantile_loss(online_here, levels, target, spec["kappa"], batch)
    if config.get("cql"):
        loss = loss + cql_term(config, values(config, online_here), batch)
    return loss, priorities, target
