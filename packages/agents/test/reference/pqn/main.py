"""Prints what PyTorch makes of PQN: python main.py SEED. pqn.json.gz is that of seed 0.

Written from Gallici et al., "Simplifying Deep Temporal Difference Learning", 2024: the λ-returns by their recursive
definition, the loss ½·mean (G − Q)² by autograd, clipping, layer norm and RAdam by PyTorch's own, in float64. Needs numpy and torch;
`npm run test:reference` runs it with fresh seeds.
"""
import json
import sys

import numpy as np
import torch
import torch.nn.functional as F

COPIES, STEPS, MINIBATCHES, EPOCHS, ROUNDS = 5, 8, 4, 2, 25
INPUTS, HIDDEN, ACTIONS = 3, (9, 7), 3
DISCOUNT, LAMBDA, RATE, CLIP = 0.9, 0.65, 1e-3, 0.5
CONTINUES, TERMINATED, TRUNCATED, LOST = range(4)


def f32(x):
    return np.asarray(x, np.float32).astype(np.float64)


def lambda_return(r, t, copy):
    """The mean of all n-step returns from step t on, the n-step one with weight (1 − λ)λⁿ⁻¹ and the last with the rest."""
    rewards, ends, values = r["rewards"], r["ends"], r["nextValues"]
    total, weight, sum_of_rewards, discount = 0.0, 1.0, 0.0, 1.0
    for k in range(t, STEPS):
        sum_of_rewards += discount * rewards[k, copy]
        discount *= DISCOUNT
        end = ends[k, copy]
        if end == TERMINATED:
            return total + weight * sum_of_rewards
        bootstrapped = sum_of_rewards + discount * values[k, copy]
        if end == TRUNCATED or k == STEPS - 1:
            return total + weight * bootstrapped
        total += weight * (1 - LAMBDA) * bootstrapped
        weight *= LAMBDA
    raise AssertionError


def draw_round(rng):
    shape = (STEPS, COPIES)
    ends = rng.choice(4, p=[0.7, 0.12, 0.12, 0.06], size=shape)
    # An episode is cut before a step that was lost, unless it had ended.
    for t in range(1, STEPS):
        cut = (ends[t] == LOST) & (ends[t - 1] == CONTINUES)
        ends[t - 1][cut] = TRUNCATED
    return dict(
        observations=f32(rng.normal(size=(*shape, INPUTS))),
        actions=rng.integers(0, ACTIONS, shape),
        rewards=f32(np.where(ends == LOST, 0, rng.normal(size=shape))),
        ends=ends,
        nextValues=f32(rng.normal(size=shape)),
    )


def main(seed):
    rng = np.random.default_rng(seed)
    parameters, width = {}, INPUTS
    for name, units in zip(("hidden0", "hidden1", "output"), (*HIDDEN, ACTIONS)):
        parameters[f"{name}/kernel"] = rng.normal(size=(width, units)) / np.sqrt(width)
        parameters[f"{name}/bias"] = rng.normal(size=units) / 10
        if name != "output":
            parameters[f"{name}/norm/gain"] = 1 + rng.normal(size=units) / 10
            parameters[f"{name}/norm/bias"] = rng.normal(size=units) / 10
        width = units
    parameters = {name: torch.tensor(f32(x), requires_grad=True) for name, x in parameters.items()}
    layers = list(parameters.values())
    listed = lambda: {name: x.detach().numpy().tolist() for name, x in parameters.items()}
    start = listed()

    def q(x):
        for name, units in zip(("hidden0", "hidden1"), HIDDEN):
            x = x @ parameters[f"{name}/kernel"] + parameters[f"{name}/bias"]
            x = F.layer_norm(x, (units,), parameters[f"{name}/norm/gain"], parameters[f"{name}/norm/bias"], eps=1e-6)
            x = torch.relu(x)
        return x @ parameters["output/kernel"] + parameters["output/bias"]

    optimizer = torch.optim.RAdam(layers, lr=RATE, eps=1e-8)
    rounds, first = [], None
    size = COPIES * STEPS
    rows = size // MINIBATCHES
    for _ in range(ROUNDS):
        r = draw_round(rng)
        lost = r["ends"] == LOST
        returns = np.array(
            [[0.0 if lost[t, c] else lambda_return(r, t, c) for c in range(COPIES)] for t in range(STEPS)]
        )
        flat = lambda x: torch.tensor(x.reshape(size, *x.shape[2:]))
        x, a, g, w = flat(r["observations"]), flat(r["actions"]), flat(returns), flat((~lost).astype(np.float64))
        orders = [rng.permutation(size) for _ in range(EPOCHS)]
        losses, norms = [], []
        for order in orders:
            for k in range(MINIBATCHES):
                chosen = torch.tensor(order[k * rows : (k + 1) * rows])
                error = w[chosen] * (g[chosen] - q(x[chosen])[torch.arange(rows), a[chosen]])
                loss = 0.5 * (error**2).mean()
                optimizer.zero_grad()
                loss.backward()
                if first is None:
                    first = {name: x.grad.numpy().tolist() for name, x in parameters.items()}
                norm = torch.nn.utils.clip_grad_norm_(layers, CLIP)
                optimizer.step()
                losses.append(loss.item())
                norms.append(norm.item())
        rounds.append(
            {name: column.tolist() for name, column in r.items()}
            | dict(returns=returns.tolist(), orders=[o.tolist() for o in orders], loss=float(np.mean(losses)), gradientNorm=float(np.mean(norms)))
        )
    fields = dict(discount=DISCOUNT, copies=COPIES, steps=STEPS, minibatches=MINIBATCHES, epochs=EPOCHS, learningRate=RATE, gradientClip=CLIP)
    fields["lambda"] = LAMBDA
    fields["network"] = dict(kind="mlp", hidden=list(HIDDEN), layerNorm=True)
    fields["optimizer"] = dict(kind="radam")
    print(json.dumps(dict(seed=seed, config=fields, start=start, gradients=first, rounds=rounds, end=listed())))


main(int(sys.argv[1]))
