"""Generation and training of `qfleet bench language` by PyTorch with transformers.

Called with JSON in its one argument: `directory` of a model. With `dialogues` and `tokens` it answers as
packages/bench/src/contest/contestant.ts asks, in microseconds a token; with `rows` and `length` too, of training. Without them it generates one token and prints the most bytes of memory that took.
"""

import json
import resource
import sys
import time

import torch
import transformers

from contestant import answer_measurements


def load(directory, attention="sdpa"):
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    model = transformers.LlamaForCausalLM.from_pretrained(directory, attn_implementation=attention, dtype=torch.float32)
    return model.eval()


def by_generate(model, ids, tokens):
    return model.generate(
        ids, attention_mask=torch.ones_like(ids), min_new_tokens=tokens, max_new_tokens=tokens, do_sample=False)


def by_loop(model, ids, tokens):
    """What remains of `generate` without its checks and options."""
    cache, given, found = transformers.DynamicCache(config=model.config), ids, []
    with torch.inference_mode():
        for _ in range(tokens):
            given = model(given, cache=cache, use_cache=True).logits[:, -1:].argmax(-1)
            found.append(given)
        return torch.cat(found, 1)


def fastest(directory, ids, tokens):
    """The fastest way to generate, of the loop and `generate`, and of both kinds of attention."""
    ways = []
    for attention in ("eager", "sdpa"):
        model = load(directory, attention)
        for way in (by_loop, by_generate):
            way(model, ids, 4)
            start = time.perf_counter()
            way(model, ids, max(4, tokens // 4))
            ways.append((time.perf_counter() - start, attention, way, model))
    _, attention, way, model = min(ways, key=lambda each: each[0])
    print(f"{len(ids)} dialogues: {way.__name__}, {attention} attention", file=sys.stderr)
    return lambda: way(model, ids, tokens)


def update(model, optimizer, tokens):
    logits = model(tokens[:, :-1], use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss


def fastest_training(directory, rows, length):
    """The fastest way to train, of both kinds of attention and of AdamW's ways."""
    ways = []
    for attention in ("eager", "sdpa"):
        for fused in (False, True):
            model = load(directory, attention).train()
            tokens = torch.randint(model.config.vocab_size, (rows, length + 1))
            optimizer = torch.optim.AdamW(model.parameters(), 1e-4, (0.9, 0.95), weight_decay=0.1, fused=fused)
            update(model, optimizer, tokens)
            start = time.perf_counter()
            for _ in range(3):
                update(model, optimizer, tokens)
            ways.append((time.perf_counter() - start, attention, fused, (model, optimizer, tokens)))
    _, attention, fused, parts = min(ways, key=lambda each: each[0])
    print(f"training: {attention} attention, {'fused' if fused else 'plain'} AdamW", file=sys.stderr)
    return lambda: update(*parts).item()


def main():
    options = json.loads(sys.argv[1])
    if "rows" in options:
        rows, length = options["rows"], options["length"]
        answer_measurements(fastest_training(options["directory"], rows, length), rows * length, warm_up=0)
        return
    if "dialogues" not in options:
        by_loop(load(options["directory"]), torch.ones(1, 1, dtype=torch.long), 1)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
        return
    dialogues, tokens = options["dialogues"], options["tokens"]
    call = fastest(options["directory"], torch.ones(dialogues, 1, dtype=torch.long), tokens)
    # Each way has been tried by then.
    answer_measurements(call, dialogues * tokens, warm_up=0)


main()
