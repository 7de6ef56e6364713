"""A decoder that learns a text in PyTorch, as docs/language.md says that `train text/lm` does: python3 main.py DIRECTORY.

DIRECTORY holds the model at its start, in Hugging Face's format, `settings.json`, and tokens as int32: `windows` [updates, 8,
context + 1] and `held-out`. Prints the loss of each update, and of the held-out text at the end, in nats a token.
"""
import json
import math
import pathlib
import sys

import numpy as np
import torch
import transformers as hf

given = pathlib.Path(sys.argv[1])
settings = json.loads((given / 'settings.json').read_text())
context, rate, updates = settings['context'], settings['learningRate'], settings['updates']
read = lambda name: torch.from_numpy(np.fromfile(given / name, np.int32).astype(np.int64))
windows, held_out = read('windows').view(updates, 8, context + 1), read('held-out')
hf.logging.set_verbosity_error()
hf.logging.disable_progress_bar()
model = hf.LlamaForCausalLM.from_pretrained(given, dtype=torch.float32).train()
parameters = list(model.parameters())
optimizer = torch.optim.AdamW([
    {'params': [each for each in parameters if each.ndim > 1], 'weight_decay': 0.1},
    {'params': [each for each in parameters if each.ndim == 1], 'weight_decay': 0.0}], betas=(0.9, 0.95), eps=1e-8)


def rate_of(update):
    warmup = min(100, updates // 10)
    if update < warmup:
        return rate * (update + 1) / warmup
    return rate * (1 - 0.9 * (1 - math.cos(math.pi * (update - warmup) / (updates - warmup))) / 2)


def loss_of(tokens, reduction='mean'):
    logits = model(tokens[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction=reduction)


losses = []
for update in range(updates):
    loss = loss_of(windows[update])
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    for group in optimizer.param_groups:
        group['lr'] = rate_of(update)
    optimizer.step()
    losses.append(loss.item())

model.eval()
total = 0.0
with torch.inference_mode():
    for start in range(0, len(held_out) - 1, context):
        total += loss_of(held_out[None, start:start + context + 1], 'sum').item()
print(json.dumps({'losses': losses, 'heldOut': total / (len(held_out) - 1)}))
