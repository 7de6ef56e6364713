"""What PyTorch's optimizers make of 200 steps: writes optimizers.json. pip install torch, then python3 optimizers.py.

Two tensors, whose gradient is that of a drawn quadratic with noise: 0.5 (p - c)' D (p - c), and all draws from a linear
congruential generator, so that any language makes the same ones.
"""
import json
import pathlib
import torch

STEPS = 200


class RmspropInside(torch.optim.Optimizer):
    """Centred RMSprop with epsilon under the root (Graves 2013, equations 38 to 40), which PyTorch does not have."""

    def __init__(self, params, lr, alpha, eps):
        super().__init__(params, dict(lr=lr, alpha=alpha, eps=eps))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group['params']:
                state = self.state[p]
                n, g = state.get('n', torch.zeros_like(p)), state.get('g', torch.zeros_like(p))
                state['n'] = n.lerp(p.grad**2, 1 - group['alpha'])
                state['g'] = g.lerp(p.grad, 1 - group['alpha'])
                p -= group['lr'] * p.grad / (state['n'] - state['g']**2 + group['eps']).sqrt()


CASES = {
    'adam': lambda p: torch.optim.Adam(p, lr=0.02),
    'adam, betas and epsilon': lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3),
    'adamw': lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1),
    'rmsprop': lambda p: torch.optim.RMSprop(p, lr=0.003),
    'rmsprop, centered with momentum': lambda p: torch.optim.RMSprop(p, lr=0.002, alpha=0.95, eps=1e-2, momentum=0.9, centered=True),
    'rmsprop, centered with epsilon inside': lambda p: RmspropInside(p, lr=0.002, alpha=0.95, eps=1e-2),
    'radam': lambda p: torch.optim.RAdam(p, lr=0.02),
    'radam, betas and epsilon': lambda p: torch.optim.RAdam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3),
    'sgd': lambda p: torch.optim.SGD(p, lr=0.05),
    'sgd, momentum': lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9),
}


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return (self.state >> 8) / 2**24 - 0.5


def run(make):
    lcg = Lcg(7)
    draw = lambda n: torch.tensor([lcg.uniform() for _ in range(n)], dtype=torch.float64)
    parameters = [torch.nn.Parameter(draw(6).reshape(2, 3)), torch.nn.Parameter(draw(4))]
    centres = [draw(6).reshape(2, 3), draw(4)]
    optimizer = make(parameters)
    for _ in range(STEPS):
        for p, c in zip(parameters, centres):
            noise = draw(p.numel()).reshape(p.shape)
            p.grad = (p.detach() - c) * 2 + 0.2 * noise
        optimizer.step()
    return [p.detach().flatten().tolist() for p in parameters]


path = pathlib.Path(__file__).with_name('optimizers.json')
path.write_text(json.dumps({'torch': torch.__version__, 'cases': {name: run(make) for name, make in CASES.items()}}, indent=1) + '\n')
