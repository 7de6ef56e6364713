"""What transformers makes of small models that ours should equal, and tokenizers of texts.

    pip install torch transformers, then: python3 main.py OUT [SEED]

Each case is a directory as a user has it (config.json, weights, or tokenizer.json) and expected.json: inputs, and what
the model gives for them in float32. Weights are drawn wide, so that a mistake shows. stored/ was written with seed 0;
`npm run test:reference` writes others with another one.
"""
import json
import pathlib
import shutil
import sys

import torch
import transformers as hf
import tokenizers as tk
from safetensors.torch import load_file, save_file

out = pathlib.Path(sys.argv[1])
seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
VOCABULARY, CONTEXT, GENERATED = 61, 40, 32


def llama(**options):
    return hf.LlamaForCausalLM(hf.LlamaConfig(**{
        'vocab_size': VOCABULARY, 'hidden_size': 16, 'intermediate_size': 24, 'num_hidden_layers': 2,
        'num_attention_heads': 4, 'num_key_value_heads': 2, 'max_position_embeddings': CONTEXT, **options}))


def qwen2(**options):
    return hf.Qwen2ForCausalLM(hf.Qwen2Config(**{
        'vocab_size': VOCABULARY, 'hidden_size': 16, 'intermediate_size': 24, 'num_hidden_layers': 2,
        'num_attention_heads': 4, 'num_key_value_heads': 2, 'max_position_embeddings': CONTEXT, **options}))


def gpt2(**options):
    return hf.GPT2LMHeadModel(hf.GPT2Config(**{
        'vocab_size': VOCABULARY, 'n_embd': 16, 'n_layer': 2, 'n_head': 4, 'n_positions': CONTEXT,
        'bos_token_id': None, 'eos_token_id': None, **options}))


def neox(**options):
    return hf.GPTNeoXForCausalLM(hf.GPTNeoXConfig(**{
        'vocab_size': VOCABULARY, 'hidden_size': 32, 'intermediate_size': 40, 'num_hidden_layers': 2,
        'num_attention_heads': 4, 'max_position_embeddings': CONTEXT, **options}))


def bert(kind=hf.BertForMaskedLM, **options):
    return kind(hf.BertConfig(**{
        'vocab_size': VOCABULARY, 'hidden_size': 16, 'intermediate_size': 24, 'num_hidden_layers': 2,
        'num_attention_heads': 4, 'max_position_embeddings': CONTEXT, **options}))


def rewrite(directory, change):
    """Writes the weights anew, as `change` makes them of the tensors by name."""
    path = directory / 'model.safetensors'
    save_file({name: tensor.contiguous() for name, tensor in change(load_file(path)).items()}, path, {'format': 'pt'})


def reconfigure(directory, change):
    path = directory / 'config.json'
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))


def renamed(by):
    return lambda directory, model: rewrite(directory, lambda tensors: {by(name): each for name, each in tensors.items()})


def sharded(directory, model):
    # Less than the embedding: a file for almost each tensor.
    (directory / 'model.safetensors').unlink()
    model.save_pretrained(directory, max_shard_size='4KB')


def old_gpt2(directory, model):
    """As GPT-2 was published: no prefix, buffers of the attention stored, a tied head written out."""
    def change(tensors):
        plain = {name.removeprefix('transformer.'): each for name, each in tensors.items()}
        for layer in range(2):
            plain[f'h.{layer}.attn.bias'] = torch.tril(torch.ones(1, 1, CONTEXT, CONTEXT))
            plain[f'h.{layer}.attn.masked_bias'] = torch.tensor(-1e4)
        return {**plain, 'lm_head.weight': plain['wte.weight'].clone()}
    rewrite(directory, change)
    def older(config):
        config['n_ctx'] = config['n_positions']
        for name in ('tie_word_embeddings', 'add_cross_attention', 'dtype'):
            del config[name]
    reconfigure(directory, older)


def old_llama(directory, model):
    """With the keys of transformers 4, and each layer's frequencies stored."""
    rewrite(directory, lambda tensors: {**tensors, **{
        f'model.layers.{layer}.self_attn.rotary_emb.inv_freq': torch.ones(2) for layer in range(2)}})
    def older(config):
        rotary = config.pop('rope_parameters')
        config['rope_theta'] = rotary['rope_theta']
        config['rope_scaling'] = {'type': 'linear', 'factor': rotary['factor']}
        del config['head_dim']
    reconfigure(directory, older)


def old_neox(directory, model):
    rewrite(directory, lambda tensors: {**tensors, **{
        f'gpt_neox.layers.{layer}.attention.bias': torch.tril(torch.ones(1, 1, CONTEXT, CONTEXT, dtype=torch.bool))
        for layer in range(2)}})
    def older(config):
        rotary = config.pop('rope_parameters')
        config['rotary_emb_base'] = rotary['rope_theta']
        config['rotary_pct'] = rotary['partial_rotary_factor']
    reconfigure(directory, older)


def old_bert(directory, model):
    """As BERT was published: norms' parameters are gamma and beta, other heads and buffers are stored."""
    def change(tensors):
        by = lambda name: name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta')
        old = {by(name): each for name, each in tensors.items()}
        old['bert.embeddings.position_ids'] = torch.arange(CONTEXT)[None]
        old['cls.seq_relationship.weight'] = torch.ones(2, 16)
        old['cls.seq_relationship.bias'] = torch.ones(2)
        return {**old, 'cls.predictions.decoder.bias': old['cls.predictions.bias'].clone()}
    rewrite(directory, change)


CASES = {
    'gpt2': (lambda: gpt2(), None),
    'gpt2, old': (lambda: gpt2(n_inner=20, activation_function='gelu'), old_gpt2),
    'gpt2, own head': (lambda: gpt2(tie_word_embeddings=False, n_inner=20, scale_attn_by_inverse_layer_idx=True), None),
    'llama': (lambda: llama(), None),
    'llama, old': (lambda: llama(rope_theta=500.0, rope_scaling={'rope_type': 'linear', 'factor': 2.5}), old_llama),
    'llama, biases': (lambda: llama(attention_bias=True, mlp_bias=True, head_dim=6, tie_word_embeddings=True,
                                    num_key_value_heads=1, rope_parameters={'rope_type': 'default', 'rope_theta': 77.0}),
                      renamed(lambda name: name.removeprefix('model.'))),
    'llama, half': (lambda: llama(num_key_value_heads=4).half(), None),
    'qwen2': (lambda: qwen2(tie_word_embeddings=True), sharded),
    'qwen2, bfloat16': (lambda: qwen2().bfloat16(), None),
    'gpt-neox': (lambda: neox(), None),
    'gpt-neox, old': (lambda: neox(use_parallel_residual=False, attention_bias=False, hidden_act='gelu_new', tie_word_embeddings=True,
                                   rope_parameters={'rope_type': 'default', 'rope_theta': 99.0, 'partial_rotary_factor': 1.0}),
                      old_neox),
    'bert': (lambda: bert(), None),
    'bert, old': (lambda: bert(hidden_act='gelu_new'), old_bert),
    'bert, own head': (lambda: bert(tie_word_embeddings=False, type_vocab_size=3), None),
    'bert, no head': (lambda: bert(hf.BertModel), None),
}


# Other configurations, which are compared afresh alone: what is stored is to stay small.
FRESH = {
    'qwen2, one group': (lambda: qwen2(num_key_value_heads=1, rms_norm_eps=1e-3), None),
    'qwen2, linear': (lambda: qwen2(head_dim=6, rope_parameters={'rope_type': 'linear', 'factor': 4.0, 'rope_theta': 1e6}), None),
    'llama, wide heads': (lambda: llama(head_dim=10, rope_parameters={'rope_type': 'linear', 'factor': 3.7, 'rope_theta': 123.0}), None),
    'llama, gelu': (lambda: llama(hidden_act='gelu', rms_norm_eps=0.01, attention_bias=True), None),
    'llama, relu': (lambda: llama(hidden_act='relu', mlp_bias=True, intermediate_size=23), None),
    'gpt-neox, sequential': (lambda: neox(use_parallel_residual=False, hidden_act='quick_gelu', rope_parameters={
        'rope_type': 'linear', 'factor': 2.0, 'rope_theta': 50.0, 'partial_rotary_factor': 0.5}), None),
    'gpt-neox, tied': (lambda: neox(tie_word_embeddings=True, hidden_act='gelu_fast', layer_norm_eps=1e-2), None),
    'gpt2, plain scores': (lambda: gpt2(n_inner=28, n_layer=3, scale_attn_by_inverse_layer_idx=True, scale_attn_weights=False), None),
    **{f'gpt2, {name}': (lambda name=name: gpt2(activation_function=name, layer_norm_epsilon=1e-2), None)
       for name in ('relu', 'silu', 'quick_gelu', 'gelu_fast', 'gelu_python')},
    'bert, relu': (lambda: bert(hidden_act='relu', layer_norm_eps=1e-3, type_vocab_size=4), None),
    'bert, one type': (lambda: bert(type_vocab_size=1), None),
}


def padded(lengths, left, generator):
    """Rows of random tokens, padded at one side."""
    longest = max(lengths)
    ids = torch.randint(0, VOCABULARY, (len(lengths), longest), generator=generator)
    mask = torch.ones_like(ids)
    for row, length in enumerate(lengths):
        mask[row, slice(0, longest - length) if left else slice(length, longest)] = 0
    return ids, mask


def given(model, ids, mask, types=None):
    is_encoder = model.config.model_type == 'bert'
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    inputs = {'input_ids': ids, 'attention_mask': mask, 'position_ids': positions}
    if types is not None:
        inputs['token_type_ids'] = types
    with torch.no_grad():
        result = model(**inputs, output_hidden_states=True)
    case = {'ids': ids.tolist(), 'mask': mask.tolist()}
    if types is not None:
        case['tokenTypes'] = types.tolist()
    # What padding gives means nothing: only real tokens are kept.
    real = mask.bool()
    if is_encoder:
        case['hidden'] = result.hidden_states[-1][real].flatten().tolist()
    if hasattr(result, 'logits'):
        case['logits'] = result.logits[real].flatten().tolist()
    return case


def generated(model, prompt, forbidden):
    """Greedy tokens, each by a whole forward pass."""
    ids = torch.tensor([prompt])
    with torch.no_grad():
        for _ in range(GENERATED):
            logits = model(ids).logits[0, -1]
            logits[forbidden] = -torch.inf
            ids = torch.cat([ids, logits.argmax().reshape(1, 1)], 1)
    return ids[0, len(prompt):].tolist()


def write(name, make, change):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    model = make()
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            wide = 1.0 if any(part in key.lower() for part in ('norm', 'ln_', 'emb', 'wte', 'wpe')) else 0.35
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * wide)
    directory = out / name.replace(', ', '-').replace(' ', '-')
    shutil.rmtree(directory, ignore_errors=True)
    model.eval().save_pretrained(directory)
    (directory / 'generation_config.json').unlink(missing_ok=True)
    # Half precision is what files hold; all is computed in float32.
    model = type(model).from_pretrained(directory, dtype=torch.float32).eval()
    if change:
        change(directory, model)
    config = model.config
    is_encoder = config.model_type == 'bert'
    cases = []
    for lengths, left in (([7, 3], False), ([2, 6], True), ([CONTEXT], False)):
        ids, mask = padded(lengths, left, generator)
        types = torch.randint(0, config.type_vocab_size, ids.shape, generator=generator) if is_encoder else None
        cases.append(given(model, ids, mask, types))
    expected = {'cases': cases}
    if not is_encoder:
        prompts = [[5, 9, 2], [1, 4, 4, 8, 3]]
        forbidden = [[], generated(model, prompts[1], [])[:2]]
        expected['generated'] = [
            {'prompt': prompt, 'forbid': forbid, 'tokens': generated(model, prompt, forbid)}
            for prompt, forbid in zip(prompts, forbidden)]
    rounded = json.loads(json.dumps(expected), parse_float=lambda x: float(f'{float(x):.8g}'))
    (directory / 'expected.json').write_text(json.dumps(rounded, separators=(',', ':')) + '\n')


TEXTS = ["The agent's first step: move left!", '  two  spaces\nand a line', 'na\u00efve caf\u00e9 \u4f60\u597d \U0001f600', 'don\'t, I\'ll go', 'a , b . c ! it \'s n\'t', '']
CORPUS = TEXTS * 3 + ['the cat sat on the mat', 'move left\nmove right\nmove up\nmove down\n', 'there are walls to your left, below you']


def byte_level():
    """As GPT-2's."""
    tokenizer = tk.Tokenizer(tk.models.BPE())
    tokenizer.pre_tokenizer = tk.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tk.decoders.ByteLevel()
    alphabet = tk.pre_tokenizers.ByteLevel.alphabet()
    return tokenizer, tk.trainers.BpeTrainer(vocab_size=300, special_tokens=['<|endoftext|>'], initial_alphabet=alphabet)


def byte_fallback():
    """As Llama's: a sign for spaces, bytes for what is not known, a token at the beginning."""
    tokenizer = tk.Tokenizer(tk.models.BPE(unk_token='<unk>', byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = tk.normalizers.Sequence([tk.normalizers.Prepend('\u2581'), tk.normalizers.Replace(' ', '\u2581')])
    tokenizer.decoder = tk.decoders.Sequence([tk.decoders.Replace('\u2581', ' '), tk.decoders.ByteFallback(), tk.decoders.Fuse(), tk.decoders.Strip(' ', 1, 0)])
    tokenizer.post_processor = tk.processors.TemplateProcessing(single='<s> $A', special_tokens=[('<s>', 1)])
    special = ['<unk>', '<s>', '</s>']
    return tokenizer, tk.trainers.BpeTrainer(vocab_size=330, special_tokens=special + [f'<0x{byte:02X}>' for byte in range(256)])


def word_piece():
    """As BERT's."""
    tokenizer = tk.Tokenizer(tk.models.WordPiece(unk_token='[UNK]'))
    tokenizer.normalizer = tk.normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = tk.pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = tk.decoders.WordPiece()
    special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
    tokenizer.post_processor = tk.processors.TemplateProcessing(
        single='[CLS] $A [SEP]', pair='[CLS] $A [SEP] $B [SEP]', special_tokens=[('[CLS]', 2), ('[SEP]', 3)])
    return tokenizer, tk.trainers.WordPieceTrainer(vocab_size=120, special_tokens=special)


def write_tokenizer(name, make):
    tokenizer, trainer = make()
    tokenizer.train_from_iterator(CORPUS, trainer)
    directory = out / 'tokenizers' / name
    directory.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(directory / 'tokenizer.json'), pretty=False)
    encoded = [tokenizer.encode(text).ids for text in TEXTS]
    cases = [{'text': text, 'ids': ids, 'decoded': tokenizer.decode(ids)} for text, ids in zip(TEXTS, encoded)]
    (directory / 'expected.json').write_text(json.dumps({'tokens': tokenizer.get_vocab_size(), 'cases': cases}) + '\n')


for name, make in {'byte-level': byte_level, 'byte-fallback': byte_fallback, 'word-piece': word_piece}.items():
    write_tokenizer(name, make)
for name, (make, change) in {**CASES, **(FRESH if seed else {})}.items():
    write(name, make, change)
(out / 'versions.json').write_text(json.dumps({'torch': torch.__version__, 'transformers': hf.__version__}) + '\n')
