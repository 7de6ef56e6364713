"""What PyTorch makes of networks that ours should equal: writes layers.json. pip install torch, then python3 layers.py.

A case is parameters by name, an input, and the forward pass written with torch.nn.functional in float64. Parameters and
input come from a linear congruential generator, so that any language draws the same ones. The loss is the mean square of
the output, of which every gradient is kept: of large ones a digest, which is the sum of the elements times cos(i).
"""
import json
import math
import pathlib
import torch
import torch.nn.functional as F

DIGEST_ABOVE = 100


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (1664525 * self.state + 1013904223) % 2**32
        return (self.state >> 8) / 2**24 - 0.5

    def tensor(self, shape):
        return torch.tensor([self.uniform() for _ in range(math.prod(shape))], dtype=torch.float64).reshape(shape)


def dense(name, inputs, outputs):
    return [(f'{name}/kernel', [inputs, outputs]), (f'{name}/bias', [outputs])]


def norm(name, width):
    return [(f'{name}/norm/gain', [width]), (f'{name}/norm/bias', [width])]


def conv(name, size, inputs, outputs):
    return [(f'{name}/kernel', [size, size, inputs, outputs]), (f'{name}/bias', [outputs])]


def linear(p, name, x):
    return F.linear(x, p[f'{name}/kernel'].T, p[f'{name}/bias'])


def convolve(p, name, x, **options):
    # Kernels are [height, width, in, out].
    return F.conv2d(x, p[f'{name}/kernel'].permute(3, 2, 0, 1), p[f'{name}/bias'], **options)


def normalized(p, name, x):
    return F.layer_norm(x, x.shape[-1:], p[f'{name}/norm/gain'], p[f'{name}/norm/bias'], eps=1e-6)


def hidden(p, name, x):
    return F.relu(normalized(p, name, linear(p, name, x)))


def layer_norm_mlp(p, x):
    return linear(p, 'output', hidden(p, 'hidden1', hidden(p, 'hidden0', x)))


def layer_norm_dueling(p, x):
    x = hidden(p, 'hidden0', x)
    advantage = linear(p, 'advantage/output', hidden(p, 'advantage/hidden', x))
    return linear(p, 'value/output', hidden(p, 'value/hidden', x)) + advantage - advantage.mean(1, keepdim=True)


def layer_norm_cnn(p, x):
    x = x.permute(0, 3, 1, 2)
    for i, stride in enumerate([4, 2, 1]):
        x = convolve(p, f'conv{i}', x, stride=stride)
        # Over the channels of each position.
        x = F.relu(normalized(p, f'conv{i}', x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2)
    x = x.permute(0, 2, 3, 1).flatten(1)
    return linear(p, 'output', hidden(p, 'hidden0', x))


CASES = {
    'layer norm, mlp': (
        dense('hidden0', 5, 7) + norm('hidden0', 7) + dense('hidden1', 7, 6) + norm('hidden1', 6) + dense('output', 6, 3),
        [4, 5],
        layer_norm_mlp,
    ),
    'layer norm, dueling': (
        dense('hidden0', 5, 7) + norm('hidden0', 7)
        + dense('value/hidden', 7, 6) + norm('value/hidden', 6) + dense('value/output', 6, 1)
        + dense('advantage/hidden', 7, 6) + norm('advantage/hidden', 6) + dense('advantage/output', 6, 3),
        [4, 5],
        layer_norm_dueling,
    ),
    'layer norm, nature-cnn': (
        conv('conv0', 8, 2, 32) + norm('conv0', 32) + conv('conv1', 4, 32, 64) + norm('conv1', 64)
        + conv('conv2', 3, 64, 64) + norm('conv2', 64)
        + dense('hidden0', 64, 8) + norm('hidden0', 8) + dense('output', 8, 3),
        [2, 36, 36, 2],
        layer_norm_cnn,
    ),
}


def digest(values):
    flat = values.flatten()
    if len(flat) <= DIGEST_ABOVE:
        return flat.tolist()
    return [float((flat * torch.cos(torch.arange(len(flat), dtype=torch.float64))).sum())]


def run(specs, shape, forward):
    lcg = Lcg(5)
    parameters = {name: lcg.tensor(size).requires_grad_() for name, size in specs}
    x = lcg.tensor(shape) * 4
    out = forward(parameters, x)
    (out**2).mean().backward()
    return {
        'parameters': [[name, size] for name, size in specs],
        'input': shape,
        'out': out.flatten().tolist(),
        'gradients': {name: digest(p.grad) for name, p in parameters.items()},
    }


rounded = lambda text: json.loads(text, parse_float=lambda x: float(f'{float(x):.9g}'))
results = {name: run(*case) for name, case in CASES.items()}
path = pathlib.Path(__file__).with_suffix('.json')
path.write_text(json.dumps({'torch': torch.__version__, 'cases': rounded(json.dumps(results))}, indent=1) + '\n')
