import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launchChromium } from '../support/chromium.ts';
import { qfleet, temporaryDirectory } from '../support/qfleet.ts';
import { eventually, isClean, numberOf, open, pause, plays, textOf, watch } from './page.ts';

const chromium = findChromium();
const why = chromium === null ? ' (skipped: there is no Chromium on the path: apt-get install chromium)' : '';
/** Where pictures of the page go, as of `watch.test.ts`. */
const pictures = process.env['QFLEET_SCREENSHOTS'];

/** A run of a few updates; one of a picture has learned something. */
async function trained(cwd: string, args: readonly string[]): Promise<void> {
  const few = ['agent.batchSize=256', 'agent.pretraining=2', 'evaluation.every=4', 'evaluation.episodes=2'];
  const length =
    pictures === undefined
      ? [...few.flatMap((set) => ['--set', set]), '--max-updates', '4']
      : ['--max-updates', '100', '--set', 'evaluation.every=50'];
  const run = ['train', ...args, '--run-dir', 'run', '--seed', '1', '--json', ...length];
  const { code, stderr } = await qfleet(run, { cwd });
  expect(code, stderr).toBe(0);
}

/** The texts of the dialogue, by who said them. */
const turnsOf = (page: Page): Promise<{ who: string; text: string }[]> =>
  page
    .locator('#dialogue li')
    .evaluateAll((items) =>
      items.map((item) => ({ who: item.className, text: item.querySelector('.text')!.textContent! })),
    );

/** Episodes that the page has listed, the oldest first. */
const returnsOf = async (page: Page): Promise<number[]> =>
  (await page.locator('#played li').allTextContents()).reverse().map((text) => Number.parseFloat(text));

describe.skipIf(chromium === null)(`a dialogue on the page in Chromium${why}`, { timeout: 1_200_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(chromium!);
  });
  afterAll(() => browser?.close());

  it('plays what qfleet eval plays, a token or an utterance at a time, and so does the page as files', async () => {
    const cwd = temporaryDirectory();
    await trained(cwd, ['text/walks', '--preset', 'ilql']);
    const evaluated = await qfleet(['eval', 'run', '--episodes', '4', '--seed', '5', '--json'], { cwd });
    const { returns } = JSON.parse(evaluated.stdout) as { returns: number[] };
    const { url, command } = await watch([join(cwd, 'run')]);
    const exported = await qfleet(['export', 'run', '--page', 'page', '--json'], { cwd });
    expect(exported.code, exported.stderr).toBe(0);
    for (const address of [url, `file://${join(cwd, 'page', 'index.html')}`]) {
      const opened = await open(browser, address);
      const { page } = opened;
      await plays(page);
      await pause(page);
      await page.locator('#checkpoint').selectOption('best');
      await page.locator('#checkpoint:not([aria-busy="true"])').waitFor();
      await page.locator('#seed').fill('5');
      await page.getByRole('button', { name: 'Reset' }).click();
      const before = (await returnsOf(page)).length;
      expect(await turnsOf(page)).toEqual([{ who: 'environment', text: expect.stringMatching(/^[b-u]$/) }]);
      // Token by token, by key and by button.
      await page.locator('body').press('.');
      await eventually(page, 'step-count', (text) => text === '1', 'a token is said');
      await page.getByRole('button', { name: 'Token', exact: true }).click();
      await eventually(page, 'step-count', (text) => text === '2', 'another is said');
      await page.locator('#tokens tbody tr').nth(1).waitFor();
      // Q, V and Q − V are told of each, and the likeliest others.
      const cells = await page.locator('#tokens tbody tr').first().locator('th, td').allTextContents();
      expect(cells[0]).toMatch(/^("[a-u]"|end)$/);
      for (const cell of cells.slice(1, 4)) expect(cell).toMatch(/^−?\d/);
      expect(cells[4]).toMatch(/^(?:("[a-u]"|end) −?\d\S* *){3}$/);
      await page.getByRole('button', { name: 'Utterance' }).click();
      for (let episode = 1; episode < returns.length; episode++) {
        await page.getByRole('button', { name: 'Utterance' }).click();
        await page.getByRole('button', { name: 'Utterance' }).click();
      }
      expect((await returnsOf(page)).slice(before)).toHaveLength(returns.length);
      for (const [i, value] of (await returnsOf(page)).slice(before).entries())
        expect(value).toBeCloseTo(returns[i], 2);
      isClean(opened);
      await page.close();
    }
    await photograph(url);
    command.child.kill('SIGINT');
    expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
    const refused = await qfleet(['record', 'run', 'out.gif'], { cwd });
    expect(refused.stderr).toMatch(
      /^error: The agent of run speaks, and a dialogue is no picture that moves: .*\n$/,
    );
    expect(refused.code).toBe(2);
  });

  it('is taken over with what is legal, in a module’s environment as well', async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'package.json'), '{"type":"module"}');
    writeFileSync(join(cwd, 'env.ts'), doors);
    await trained(cwd, ['env.ts', '--preset', 'ilql']);
    const { url } = await watch([join(cwd, 'run'), '--env', join(cwd, 'env.ts')]);
    const opened = await open(browser, url);
    const { page } = opened;
    await plays(page);
    await pause(page);
    await page.getByRole('button', { name: 'Reset' }).click();
    await page.locator('body').press('t');
    const field = page.getByLabel('Your utterance');
    expect(await field.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
    for (const [said, sentence] of [
      ['sleep', /^That can't be said: "sleep" is no legal action of Doors: "s" can't come after ""\.$/],
      ['op', /^That can't be said: "op" is no legal action of Doors: it can't end there\.$/],
      ['é', /^That can't be said: no token covers "é" at character 0, of the tokens of Doors\.$/],
    ] as const) {
      await field.fill(said);
      await field.press('Enter');
      await eventually(page, 'say-problem', (text) => sentence.test(text), `${said} is refused`);
    }
    expect(await numberOf(page, 'step-count')).toBe(0);
    await field.fill('open');
    await field.press('Enter');
    await eventually(page, 'reward', (text) => text === '1', 'it is said');
    expect(await textOf(page, 'say-problem')).toBe('');
    // With the agent's own beginning, of which one token was the choice.
    await page.getByRole('button', { name: 'Token', exact: true }).click();
    const begun = (await turnsOf(page)).at(-1)!.text;
    const rest = page.getByLabel('The rest of the utterance that the agent has begun');
    await rest.fill(['open', 'wait'].find((each) => each.startsWith(begun))!.slice(begun.length));
    await page.getByRole('button', { name: 'Say' }).click();
    await eventually(page, 'step-count', (text) => text === '10', 'the rest is said');
    expect((await turnsOf(page)).map(({ who }) => who)).toEqual([
      ...['environment', 'you', 'environment', 'you', 'environment'],
    ]);
    // Taken over, it waits; given back, it goes on.
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await page.waitForTimeout(400);
    expect(await numberOf(page, 'step-count')).toBe(10);
    await page.getByRole('button', { name: 'Give back' }).click();
    await plays(page);
    isClean(opened);
  });

  /** Pictures for the documents: a walk that the agent has finished, light and dark. */
  async function photograph(url: string): Promise<void> {
    if (pictures === undefined) return;
    mkdirSync(pictures, { recursive: true });
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await open(browser, url, scheme);
      await plays(page);
      await pause(page);
      await page.locator('#seed').fill('3');
      await page.getByRole('button', { name: 'Reset' }).click();
      await page.getByRole('button', { name: 'Utterance' }).click();
      await page.waitForTimeout(300);
      await page.screenshot({ path: join(pictures, `dialogue-${scheme}.png`) });
      await page.close();
    }
  }
});

/** An environment that speaks, with utterances that are legal. */
const doors = `
import { defineTextEnvironment } from '@qfleet/envs';
export default defineTextEnvironment({
  kind: 'text', id: 'Doors', context: 64, longestUtterance: 8, maxTurns: 4, utterances: ['open', 'wait'],
  vocabulary: [...'abcdefghijklmnopqrstuvwxyz. '],
  data: {
    episodes: 64,
    generate: (random) => {
      const turns = [{ who: 'environment', text: 'door.', reward: 0 }];
      for (let i = 0; i < 4; i++) {
        const text = random.uniform() < 0.5 ? 'open' : 'wait';
        turns.push({ who: 'agent', text, reward: Number(text === 'open') });
        if (i < 3) turns.push({ who: 'environment', text: 'door.', reward: 0 });
      }
      return { turns, terminated: false, truncated: true };
    },
  },
  create: () => ({
    reset: () => 'door.',
    step: (said) => ({ text: 'door.', reward: Number(said === 'open'), terminated: false }),
  }),
});
`;
