import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@qfleet/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChatTemplate } from '../src/hub/chat-template.ts';
import {
  DecoderKernel,
  Dialogue,
  type DialogueEvent,
  GREEDY,
  type HubModel,
  initialParameters,
  languageNetwork,
  loadTokenizer,
  ModelError,
  type Sampling,
  type TransformerShape,
} from '../src/index.ts';

const stored = (name: string) =>
  fileURLToPath(new URL(`./reference/language/stored/${name}`, import.meta.url));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'qfleet-dialogue-'));
  cpSync(stored('tokenizers/byte-level'), directory, { recursive: true });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const TEMPLATE =
  "{{ bos_token }}{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}";

const shape: TransformerShape = {
  ...{
    causal: true,
    vocabulary: 300,
    width: 16,
    layers: 1,
    heads: 2,
    keyValueHeads: 1,
    headSize: 8,
    inner: 16,
  },
  ...{ context: 120, positions: { kind: 'rotary', theta: 10_000, size: 8, factor: 1 }, tokenTypes: 0 },
  ...{ norm: { kind: 'rms', epsilon: 1e-6 }, residual: 'pre', activation: 'silu', gated: true },
  biases: { qkv: false, attention: false, mlp: false },
  scores: { scaled: true, byLayer: false },
  head: { tied: true, bias: false, transform: false },
};

/** A model with random weights that ends a text by one of the given tokens. */
function modelOf(template: ChatTemplate | null, ends: readonly number[]): HubModel {
  const parameters = languageNetwork(shape).parameters.map((each) => ({
    ...each,
    gain: 2 * Math.sqrt(each.fanIn),
  }));
  const tensors = initialParameters(parameters, new Random(3));
  const tokenizer = loadTokenizer(directory);
  return { ...({ directory, type: 'llama', shape } as HubModel), ...{ tensors, tokenizer, template, ends } };
}

const templateOf = () =>
  ChatTemplate.open(directory, { bos_token: { content: '<|endoftext|>' }, chat_template: TEMPLATE })!;

const textOf = (events: readonly DialogueEvent[]): string =>
  events.map((event) => (event.kind === 'text' ? event.text : '')).join('');

describe('ChatTemplate', () => {
  it('renders what both sides said, up to the answer', () => {
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Yes?' },
      { role: 'user', content: 'Go' },
    ] as const;
    expect(templateOf().render(messages)).toBe(
      '<|endoftext|>[user]Hi\n[assistant]Yes?\n[user]Go\n[assistant]',
    );
  });

  it('takes the default one of several, and a file before that', () => {
    const several = [
      { name: 'tools', template: 'tools' },
      { name: 'default', template: 'default' },
    ];
    expect(ChatTemplate.open(directory, { chat_template: several })!.render([])).toBe('default');
    expect(ChatTemplate.open(directory, {})).toBeNull();
    const path = join(directory, 'chat_template.jinja');
    writeFileSync(path, 'of the file');
    expect(ChatTemplate.open(directory, { chat_template: several })!.render([])).toBe('of the file');
    writeFileSync(path, '{% for %}');
    expect(() => ChatTemplate.open(directory, {})).toThrow(ModelError);
    writeFileSync(path, "{{ raise_exception('only users speak') }}");
    expect(() => ChatTemplate.open(directory, {})!.render([])).toThrow(
      new ModelError(`${path} can't write this dialogue: only users speak.`),
    );
    rmSync(path);
  });
});

const dialogueOf = (model: HubModel, sampling: Sampling, random: Random) =>
  new Dialogue(model, new DecoderKernel(model.shape, model.tensors, 1), sampling, random);

describe('Dialogue', () => {
  it('answers the same from the same seed, whole characters at a time', () => {
    const answers = [1, 1, 2].map((seed) => {
      const dialogue = dialogueOf(modelOf(templateOf(), [7, 8, 9]), { temperature: 1 }, new Random(seed));
      return [...dialogue.answer('Hello')];
    });
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]).not.toEqual(answers[2]);
    for (const event of answers.flat()) if (event.kind === 'text') expect(event.text).not.toMatch(/�$/);
  });

  it('says where the context is full, and which turns it dropped for that', () => {
    // Nothing ends an answer.
    const dialogue = dialogueOf(modelOf(templateOf(), []), GREEDY, new Random(0));
    expect([...dialogue.answer('One')].map(({ kind }) => kind)).toContain('full');
    const [first, ...rest] = dialogue.answer('Two');
    expect(first).toEqual({ kind: 'dropped', turns: 1 });
    expect(rest.at(-1)).toEqual({ kind: 'full' });
    // What was dropped is forgotten: it answers as if it had been asked this alone.
    const alone = dialogueOf(modelOf(templateOf(), []), GREEDY, new Random(0));
    expect(textOf(rest)).toBe(textOf([...alone.answer('Two')]));
  });

  it('refuses what does not fit the context by itself, and goes on', () => {
    const dialogue = dialogueOf(modelOf(templateOf(), []), GREEDY, new Random(0));
    expect(() => [...dialogue.answer('word '.repeat(200))]).toThrow(
      /takes \d+ tokens, and the model's context is 120: say less\./,
    );
    expect(textOf([...dialogue.answer('Hi')])).not.toBe('');
  });

  it('goes on after what was said, as one that reads all of it anew', () => {
    const model = modelOf(
      templateOf(),
      Array.from({ length: 60 }, (_, i) => i * 5),
    );
    const dialogue = dialogueOf(model, GREEDY, new Random(0));
    const first = textOf([...dialogue.answer('Hi')]);
    const second = textOf([...dialogue.answer('And')]);
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: first },
    ] as const;
    const prefix = templateOf()
      .render(messages)
      .slice('<|endoftext|>[user]'.length)
      .replace(/\[assistant\]$/, '[user]');
    const anew = dialogueOf(model, GREEDY, new Random(0));
    expect(textOf([...anew.answer(`${prefix}And`)])).toBe(second);
  });

  it('ends an answer with its line where a model was taught no dialogues', () => {
    const dialogue = dialogueOf(modelOf(null, []), { temperature: 1 }, new Random(5));
    for (const text of ['Hello', 'Again']) expect(textOf([...dialogue.answer(text)])).not.toContain('\n');
  });
});
