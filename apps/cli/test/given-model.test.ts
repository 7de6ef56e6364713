import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAgent } from '@qfleet/agents';
import { runConfigOf, type TokenQRunConfig } from '@qfleet/config';
import { findTextEnvironment, generateEpisodes } from '@qfleet/envs';
import { loadModel, saveValueHeads } from '@qfleet/networks';
import { openTextTask } from '@qfleet/rollout';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../../test/support/qfleet.ts';
import { TINY_FAMILIES, writeTinyModel } from './support/tiny-model.ts';

/** A run that begins with a model. */
const runOf = (directory: string, id = 'text/maze', network: object = {}): TokenQRunConfig =>
  runConfigOf(
    {
      environment: { id },
      agent: { kind: 'token-q', network: { kind: 'model', directory, ...network } },
    },
    'test',
  ) as TokenQRunConfig;

const agentOf = async (config: TokenQRunConfig) => {
  const { layout } = await openTextTask(config);
  return createAgent({ config: config.agent, spec: layout, seed: 3, totalUpdates: null });
};

describe.each(TINY_FAMILIES)('a task in the tokens of a model of the family %s', (family) => {
  it('has legal utterances of these tokens, and learning begins with its weights', async () => {
    const directory = writeTinyModel(temporaryDirectory(), family);
    const config = runOf(directory);
    const { definition, layout } = await openTextTask(config);
    const { tokenizer, legal, longestUtterance } = definition;
    expect(layout.tokens).toMatchObject({ vocabulary: tokenizer.size, context: 160 });
    const moves = ['move left\n', 'move right\n', 'move up\n', 'move down\n'].map((move) => [
      ...tokenizer.encode(move.trimEnd()),
      tokenizer.end,
    ]);
    expect(longestUtterance).toBe(Math.max(...moves.map(({ length }) => length)));
    expect(new Set(legal!([]))).toEqual(new Set(moves.map(([first]) => first)));
    for (const move of moves)
      for (const [i, token] of move.entries()) expect(legal!(move.slice(0, i))).toContain(token);
    for (const { turns } of generateEpisodes(findTextEnvironment('text/maze'), 1, 5))
      for (const { text } of turns) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);

    const agent = await agentOf(config);
    const parameters = agent.parameters();
    for (const [name, tensor] of loadModel(directory).tensors) expect(parameters.get(name)).toEqual(tensor);
    expect(parameters.get('q1/hidden/kernel')!.shape).toEqual([16, 32]);
    agent.dispose();
  });
});

describe('a given model', () => {
  it('brings its heads of values, where it has some', async () => {
    const directory = writeTinyModel(temporaryDirectory(), 'llama');
    const before = await agentOf(runOf(directory, 'text/maze', { valueStart: 7 }));
    const learned = before.parameters();
    before.dispose();
    saveValueHeads(directory, learned);
    const after = await agentOf(runOf(directory));
    expect(after.parameters()).toEqual(learned);
    expect(learned.get('v/output/bias')!.data[0]).toBe(7);
    after.dispose();
  });

  it('says utterances of a task without a list as long as its data need', async () => {
    const { definition } = await openTextTask(
      runOf(writeTinyModel(temporaryDirectory(), 'gpt2', { n_positions: 2048 }), 'text/booking'),
    );
    const own = findTextEnvironment('text/booking');
    expect(definition.legal).toBeUndefined();
    expect(definition.longestUtterance).toBeGreaterThan(own.longestUtterance);
    for (const { turns } of generateEpisodes(own, 9, 20))
      for (const { who, text } of turns)
        if (who === 'agent')
          expect(definition.tokenizer.encode(text).length).toBeLessThan(definition.longestUtterance);
  });

  it('is refused where the run would read more than it takes', async () => {
    const directory = writeTinyModel(temporaryDirectory(), 'gpt2');
    await expect(openTextTask(runOf(directory, 'text/maze', { context: 161 }))).rejects.toThrow(
      'agent.network.context is 161, and the model of',
    );
    await expect(openTextTask(runOf(directory, 'text/maze', { context: 4 }))).rejects.toThrow(
      /An utterance of text\/maze has up to \d+ tokens .* take a model with a longer context/,
    );
  });

  it('is refused where nothing says how a text ends, or it is no decoder', async () => {
    const endless = writeTinyModel(temporaryDirectory(), 'llama', { eos_token_id: null });
    await expect(openTextTask(runOf(endless))).rejects.toThrow('eos_token_id is missing');
    const headless = writeTinyModel(temporaryDirectory(), 'llama');
    const path = join(headless, 'config.json');
    const config = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...config, eos_token_id: 4000 }));
    await expect(openTextTask(runOf(headless))).rejects.toThrow('eos_token_id is 4000');
  });

  it('is refused where its tokenizer loses what is said', async () => {
    const directory = writeTinyModel(temporaryDirectory(), 'llama');
    const path = join(directory, 'tokenizer.json');
    const tokenizer = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(
      path,
      JSON.stringify({
        ...tokenizer,
        normalizer: { type: 'Replace', pattern: { String: 'o' }, content: '' },
      }),
    );
    await expect(openTextTask(runOf(directory))).rejects.toThrow('comes back from its tokenizer as');
  });
});
