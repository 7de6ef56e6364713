"""Learning rates of PyTorch's schedulers: writes schedules.json. pip install torch, then python3 schedules.py."""
import json
import pathlib
import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

RATE, LAST, UPDATES, WARMUP = 0.01, 0.2, 200, 20

linear = lambda o, n: LinearLR(o, start_factor=1.0, end_factor=LAST, total_iters=n)
cosine = lambda o, n: CosineAnnealingLR(o, T_max=n, eta_min=LAST * RATE)
warm = lambda o: LinearLR(o, start_factor=1 / WARMUP, total_iters=WARMUP - 1)
after_warm = lambda fall: lambda o: SequentialLR(o, [warm(o), fall(o, UPDATES - WARMUP)], milestones=[WARMUP])
CASES = {
    'linear': lambda o: linear(o, UPDATES),
    'cosine': lambda o: cosine(o, UPDATES),
    'linear, warm-up': after_warm(linear),
    'cosine, warm-up': after_warm(cosine),
}


def run(make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = make(optimizer)
    rates = []
    for _ in range(UPDATES):
        rates.append(float(f"{optimizer.param_groups[0]['lr']:.9g}"))
        optimizer.step()
        scheduler.step()
    return rates


results = {name: run(make) for name, make in CASES.items()}
path = pathlib.Path(__file__).with_suffix('.json')
path.write_text(json.dumps({'torch': torch.__version__, 'cases': results}) + '\n')
