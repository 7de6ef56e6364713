"""What PyTorch makes of decoders that learn a text: python3 main.py, in an environment with torch and transformers.

Takes the models that packages/networks/test/reference/language/main.py has drawn, in float64: the loss by its definition,
the gradient by autograd, clipping by the global norm, PyTorch's AdamW. Writes stored/NAME: batches and what was measured
(steps.json), the gradient of the first update (gradient) and the parameters after the last one (after), as models.
"""
import json
import math
import pathlib

import torch
import transformers as hf

here = pathlib.Path(__file__).parent
models = here / '../../../../networks/test/reference/language/stored'
ROWS, LENGTHS, RATE, WARMUP, UPDATES, LAST, DECAY, CLIP, BETAS = 3, [7, 7, 5, 7, 5], 3e-3, 2, 5, 0.1, 0.1, 1.0, (0.9, 0.95)


def batch_of(generator, vocabulary, length):
    """Rows with padding on the left, on the right and without, of which some tokens do not count."""
    tokens = torch.randint(vocabulary, (ROWS, length + 1), generator=generator)
    mask = torch.ones_like(tokens)
    mask[0, :2] = 0
    mask[1, -3:] = 0
    counts = torch.randint(4, tokens.shape, generator=generator).clamp(max=1)
    return tokens, mask, counts


def loss_of(model, tokens, mask, counts):
    seen = mask[:, :-1]
    positions = (seen.cumsum(1) - 1).clamp(min=0)
    hidden = torch.ones(seen.shape[1], seen.shape[1]).triu(1)[None] + (1 - seen)[:, None] > 0
    # By its own mask transformers would add the least float64 to scores, and get numbers that are not finite.
    unseen = hidden[:, None].double() * -1e30
    logits = model(input_ids=tokens[:, :-1], attention_mask=unseen, position_ids=positions).logits
    losses = torch.logsumexp(logits, 2) - logits.gather(2, tokens[:, 1:, None])[:, :, 0]
    weights = seen * mask[:, 1:] * counts[:, 1:]
    return (losses * weights).sum() / weights.sum()


def rate_of(update):
    if update < WARMUP:
        return RATE * (update + 1) / WARMUP
    progress = (update - WARMUP) / (UPDATES - WARMUP)
    return RATE * (1 - (1 - LAST) * (1 - math.cos(math.pi * progress)) / 2)


def save(model, values, directory):
    copy = hf.AutoModelForCausalLM.from_pretrained(model.name_or_path, dtype=torch.float32)
    with torch.no_grad():
        for parameter, value in zip(copy.parameters(), values):
            parameter.copy_(value)
    copy.save_pretrained(directory)
    (directory / 'generation_config.json').unlink(missing_ok=True)


for name in ('llama', 'gpt2'):
    generator = torch.Generator().manual_seed(0)
    model = hf.AutoModelForCausalLM.from_pretrained(models / name, dtype=torch.float64, attn_implementation='eager').eval()
    out = here / 'stored' / name
    out.mkdir(parents=True, exist_ok=True)
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW([
        {'params': [each for each in parameters if each.ndim > 1], 'weight_decay': DECAY},
        {'params': [each for each in parameters if each.ndim == 1], 'weight_decay': 0.0}], betas=BETAS, eps=1e-8)
    steps = []
    for update, length in enumerate(LENGTHS):
        tokens, mask, counts = batch_of(generator, model.config.vocab_size, length)
        optimizer.zero_grad()
        loss = loss_of(model, tokens, mask, counts)
        loss.backward()
        gradient = [each.grad for each in parameters]
        norm = torch.sqrt(sum((each ** 2).sum() for each in gradient))
        if update == 0:
            save(model, gradient, out / 'gradient')
        for each in gradient:
            each.mul_(CLIP / max(norm, CLIP))
        for group in optimizer.param_groups:
            group['lr'] = rate_of(update)
        optimizer.step()
        steps.append({'tokens': tokens.flatten().tolist(), 'mask': mask.flatten().tolist(), 'counts': counts.flatten().tolist(),
                      'loss': loss.item(), 'gradientNorm': norm.item()})
    save(model, parameters, out / 'after')
    settings = {'rows': ROWS, 'learningRate': RATE, 'warmup': WARMUP, 'updates': UPDATES, 'decay': LAST, 'weightDecay': DECAY,
                'clip': CLIP, 'betas': BETAS}
    (out / 'steps.json').write_text(json.dumps({**settings, 'steps': steps}) + '\n')
