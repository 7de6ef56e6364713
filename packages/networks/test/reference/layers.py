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


def same_max_pool(x):
    # TensorFlow's "same": what is missing is padded at the end first.
    pads = [max(0, (math.ceil(n / 2) - 1) * 2 + 3 - n) for n in (x.shape[3], x.shape[2])]
    (left, right), (top, bottom) = [(n // 2, n - n // 2) for n in pads]
    return F.max_pool2d(F.pad(x, (left, right, top, bottom), value=-math.inf), 3, 2)


def spectral_kernel(p, name):
    weight = p[f'{name}/kernel'].permute(3, 2, 0, 1)
    holder = torch.nn.Conv2d(weight.shape[1], weight.shape[0], 3).double()
    normed = torch.nn.utils.spectral_norm(holder, eps=1e-12)
    # PyTorch's own hook, which makes one power iteration from u in training, on our weight and vector.
    hook = next(h for h in normed._forward_pre_hooks.values())
    del normed._parameters['weight_orig']
    normed.weight_orig = weight
    normed.weight_u = p[f'{name}/kernel/u'].detach().clone()
    return hook.compute_weight(normed, do_power_iteration=True)


def impala(spectral, pool):
    def forward(p, x):
        x = x.permute(0, 3, 1, 2)
        for block in range(3):
            x = same_max_pool(convolve(p, f'block{block}/conv', x, padding=1))
            for unit in range(2):
                y = x
                for n in range(2):
                    name = f'block{block}/unit{unit}/conv{n}'
                    if spectral:
                        y = F.conv2d(F.relu(y), spectral_kernel(p, name), p[f'{name}/bias'], padding=1)
                    else:
                        y = convolve(p, name, F.relu(y), padding=1)
                x = x + y
        if pool:
            x = F.adaptive_max_pool2d(x, pool)
        x = F.relu(x).permute(0, 2, 3, 1).flatten(1)
        return linear(p, 'output', F.relu(linear(p, 'hidden0', x)))
    return forward


def impala_specs(inputs, width, spectral, features):
    specs = []
    for block, channels in enumerate([16 * width, 32 * width, 32 * width]):
        specs += conv(f'block{block}/conv', 3, inputs, channels)
        inputs = channels
        for unit in range(2):
            for n in range(2):
                name = f'block{block}/unit{unit}/conv{n}'
                specs += conv(name, 3, channels, channels) + ([(f'{name}/kernel/u', [channels])] if spectral else [])
    return specs + dense('hidden0', features, 8) + dense('output', 8, 3)


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
    'impala': (impala_specs(2, 1, False, 3 * 2 * 32), [2, 20, 15, 2], impala(False, None)),
    'impala, wide, spectral, pooled': (impala_specs(1, 2, True, 6 * 6 * 64), [1, 84, 70, 1], impala(True, 6)),
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
        'gradients': {name: digest(torch.zeros_like(p) if p.grad is None else p.grad) for name, p in parameters.items()},
    }


rounded = lambda text: json.loads(text, parse_float=lambda x: float(f'{float(x):.9g}'))
results = {name: run(*case) for name, case in CASES.items()}
path = pathlib.Path(__file__).with_suffix('.json')
path.write_text(json.dumps({'torch': torch.__version__, 'cases': rounded(json.dumps(results))}, indent=1) + '\n')
