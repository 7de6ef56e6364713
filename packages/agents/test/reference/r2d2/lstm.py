"""PyTorch's own LSTM on random sequences: outputs, last memory, and the gradients of a weighted sum of all of these."""
import numpy as np
import torch

ROWS, INPUTS, UNITS = 3, 4, 5


def case(rng, steps, scale, resets):
    f32 = lambda shape, scale=1.0: np.asarray(scale * rng.normal(size=shape), np.float32).astype(np.float64)
    numbers = dict(
        features=f32((ROWS, steps, INPUTS)),
        hidden=f32((ROWS, UNITS)),
        cell=f32((ROWS, UNITS)),
        kernel=f32((INPUTS, 4 * UNITS), scale),
        recurrent=f32((UNITS, 4 * UNITS), scale),
        bias=f32((4 * UNITS,), scale),
    )
    slopes = dict(out=f32((ROWS, steps, UNITS)), hidden=f32((ROWS, UNITS)), cell=f32((ROWS, UNITS)))
    begins = (rng.uniform(size=(ROWS, steps)) < 0.3).astype(int) if resets else np.zeros((ROWS, steps), int)
    t = {name: torch.tensor(x, requires_grad=True) for name, x in numbers.items()}
    model = torch.nn.LSTM(INPUTS, UNITS, batch_first=True).double()
    del model.weight_ih_l0, model.weight_hh_l0, model.bias_ih_l0, model.bias_hh_l0
    model.weight_ih_l0, model.weight_hh_l0 = t["kernel"].T.contiguous(), t["recurrent"].T.contiguous()
    model.bias_ih_l0, model.bias_hh_l0 = t["bias"], torch.zeros(4 * UNITS, dtype=torch.float64)
    total, outs, lasts = 0, [], []
    for row in range(ROWS):
        # Each episode of the row by itself.
        memory = t["hidden"][row][None, None], t["cell"][row][None, None]
        starts = [i for i in range(steps) if i == 0 or begins[row, i]] + [steps]
        parts = []
        for start, end in zip(starts, starts[1:]):
            if begins[row, start]:
                memory = tuple(torch.zeros_like(each) for each in memory)
            out, memory = model(t["features"][row, start:end][None], memory)
            parts.append(out[0])
        outs.append(torch.cat(parts))
        lasts.append([each[0, 0] for each in memory])
    out = torch.stack(outs)
    hidden, cell = (torch.stack([last[k] for last in lasts]) for k in (0, 1))
    for name, value in (("out", out), ("hidden", hidden), ("cell", cell)):
        total = total + (value * torch.tensor(slopes[name])).sum()
    total.backward()
    return dict(
        name=f"{steps} steps, weights {scale}" + (", begun anew" if resets else ""),
        steps=steps,
        begins=begins,
        numbers=numbers,
        slopes=slopes,
        expected=dict(
            out=out.detach(),
            hidden=hidden.detach(),
            cell=cell.detach(),
            # Where every row begins anew at once, the memory before has no part in it.
            gradients={name: torch.zeros_like(x) if x.grad is None else x.grad for name, x in t.items()},
        ),
    )


def make(seed):
    rng = np.random.default_rng(seed)
    cases = [(1, 0.5, False), (9, 0.5, False), (9, 0.5, True), (7, 8.0, True)]
    return [case(rng, *each) for each in cases]
