"""A decoder that learns a text in PyTorch, as docs/language.md says that `train text/lm` does: python3 main.py DIRECTORY KEPT.

DIRECTORY holds the model at its start, in Hugging Face's format, `settings.json`, and tokens as int32: `windows` [updates, 8,
context + 1] and `held-out`. Prints the loss of each update, and of the held-out text at the end, in nats a token. What it has
reached lies in the directory KEPT, so that a run which is interrupted goes on from there.
"""
import json
import math
import os
import pathlib
import sys

import numpy as np
import torch
import transformers as hf

given, kept = map(pathlib.Path, sys.argv[1:3])
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


EVERY = 50
checkpoint = kept / 'checkpoint.pt'
losses = []
if checkpoint.exists():
    before = torch.load(checkpoint, weights_only=True)
    model.load_state_dict(before['model'])
    optimizer.load_state_dict(before['optimizer'])
    losses = before['losses']
for update in range(len(losses), updates):
    loss = loss_of(windows[update])
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    for group in optimizer.param_groups:
        group['lr'] = rate_of(update)
    optimizer.step()
    losses.append(loss.item())
    if len(losses) % EVERY == 0:
        print(f'PyTorch: {len(losses)} updates, loss {losses[-1]:.3f}', file=sys.stderr, flush=True)
        state = {'model': model.state_dict(), 'optimizer': optimizer.state_dict(), 'losses': losses}
        torch.save(state, kept / 'unfinished.pt')
        os.replace(kept / 'unfinished.pt', checkpoint)

model.eval()
total = 0.0
with torch.inference_mode():
    for start in range(0, len(held_out) - 1, context):
        total += loss_of(held_out[None, start:start + context + 1], 'sum').item()
print(json.dumps({'losses': losses, 'heldOut': total / (len(held_out) - 1)}))
