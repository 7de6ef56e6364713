import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launchChromium } from '../support/chromium.ts';
import { qfleet, type Started, start, temporaryDirectory, until } from '../support/qfleet.ts';
import { startRedis } from '../support/redis.ts';
import {
  coloursOf,
  eventually,
  isClean,
  numberOf,
  open,
  pause,
  plays,
  rowsOf,
  textOf,
  watch,
} from './page.ts';

const chromium = findChromium();
const why = chromium === null ? ' (skipped: there is no Chromium on the path: apt-get install chromium)' : '';
/** Where pictures of the page go: those of the README are made by this test with QFLEET_SCREENSHOTS=docs/pictures. */
const pictures = process.env['QFLEET_SCREENSHOTS'];

/** Updates of the run that pictures are of. */
const LENGTH = pictures === undefined ? '400' : '6000';

/** A short run whose network tells distributions. */
const training = (directory: string): string[] => [
  ...['train', 'cartpole', '--preset', 'qr-dqn', '--single', '--seed', '1', '--run-dir', directory],
  ...['stop.solvedReturn=null', 'evaluation.every=200', 'evaluation.episodes=2'].flatMap((set) => [
    '--set',
    set,
  ]),
];

/** Waits until a run has a checkpoint. */
const checkpointed = (run: Started, directory: string): Promise<void> =>
  until(run, () => existsSync(join(directory, 'checkpoints', 'best.json')), 'there is a checkpoint');

describe.skipIf(chromium === null)(`the page in Chromium${why}`, { timeout: 180_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(chromium!);
  });
  afterAll(() => browser?.close());

  it('plays while training goes on, pauses, is taken over, and outlives the learner and a reload', async () => {
    const directory = join(temporaryDirectory(), 'run');
    const learner = start([...training(directory), '--max-updates', '100000']);
    await checkpointed(learner, directory);
    const { url, command } = await watch([directory]);
    const opened = await open(browser, url);
    const { page } = opened;
    await plays(page);
    expect(await textOf(page, 'title')).toBe('CartPole-v1');
    expect(await textOf(page, 'status')).toMatch(/^training · [\d,]+ updates$/);
    expect(await coloursOf(page, '#canvas')).toBeGreaterThan(5);
    expect(await coloursOf(page, '#values canvas')).toBeGreaterThan(2);
    expect(await page.locator('#curve canvas').count()).toBe(1);
    // The newest checkpoint is taken up as training goes on.
    const before = await textOf(page, 'status');
    await eventually(page, 'status', (text) => text !== before, 'training goes on');

    await pause(page);
    const steps = await numberOf(page, 'step-count');
    await page.waitForTimeout(200);
    expect(await numberOf(page, 'step-count')).toBe(steps);
    await page.locator('#seed').fill('7');
    await page.locator('#seed').press('Enter');
    await eventually(page, 'step-count', (text) => text === '0', 'it is reset');
    await page.getByRole('button', { name: 'Step', exact: true }).click();
    await eventually(page, 'step-count', (text) => text === '1', 'a step is taken');
    expect((await rowsOf(page)).map(({ name }) => name)).toEqual(['left', 'right']);

    await page.locator('body').press('t');
    for (const [key, name] of [
      ['ArrowLeft', 'left'],
      ['ArrowRight', 'right'],
      ['a', 'left'],
      ['1', 'right'],
    ]) {
      const at = await numberOf(page, 'step-count');
      await page.locator('body').press(key);
      await eventually(page, 'step-count', (text) => Number(text) === at + 1, `${key} takes a step`);
      await page.locator('#values tr', { has: page.locator('.mark.taken'), hasText: name }).waitFor();
    }
    // Taken over, CartPole waits: no action of it does nothing.
    const waiting = await numberOf(page, 'step-count');
    await page.getByRole('button', { name: 'Play', exact: true }).click();
    await page.waitForTimeout(200);
    expect(await numberOf(page, 'step-count')).toBe(waiting);
    await page.getByRole('button', { name: 'Give back' }).click();
    await plays(page);

    learner.child.kill('SIGINT');
    await learner.ended;
    await eventually(page, 'status', (text) => text.startsWith('training has ended'), 'the end is told');
    await plays(page);
    await page.reload();
    await plays(page);
    expect(await textOf(page, 'status')).toMatch(/^training has ended/);
    isClean(opened);

    command.child.kill('SIGINT');
    expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
    await eventually(
      page,
      'status',
      (text) => text.includes('has ended; what was loaded plays on'),
      'that is told',
    );
    await plays(page);
  });

  it('plays what qfleet eval plays, and so does the page as files', async () => {
    const folder = temporaryDirectory();
    const directory = join(folder, 'run');
    expect(await qfleet([...training(directory), '--max-updates', LENGTH])).toMatchObject({ code: 0 });
    const evaluated = await qfleet(['eval', directory, '--episodes', '3', '--seed', '5', '--json']);
    const { returns } = JSON.parse(evaluated.stdout) as { returns: number[] };
    const { url } = await watch([directory]);
    const out = join(folder, 'page');
    const exported = await qfleet(['export', directory, '--page', out, '--json']);
    expect(exported.code, exported.stderr).toBe(0);
    expect(JSON.parse(exported.stdout).files).toEqual(['index.html', 'page.js', 'page.css', 'data.js']);
    for (const address of [url, `file://${join(out, 'index.html')}`]) {
      const opened = await open(browser, address);
      const { page } = opened;
      await plays(page);
      await pause(page);
      await page.locator('#checkpoint').selectOption('best');
      await page.locator('#speed').fill('100');
      await page.locator('#seed').fill('5');
      // With other weights in the middle of the play before.
      await page.locator('#checkpoint:not([aria-busy="true"])').waitFor();
      await page.getByRole('button', { name: 'Reset' }).click();
      const before = await page.locator('#played li').count();
      await page.getByRole('button', { name: 'Play', exact: true }).click();
      await page
        .locator('#played li')
        .nth(before + returns.length - 1)
        .waitFor({ timeout: 60_000 });
      // The newest stands first.
      const played = (await page.locator('#played li').allTextContents()).reverse();
      const own = played.slice(before, before + returns.length).map((text) => Number.parseFloat(text));
      expect(own).toEqual(returns);
      isClean(opened);
      await page.close();
    }
    await photograph(url);
    const { page } = await open(browser, url.replace(/[^/]+\/$/, ''));
    expect(await page.locator('body').textContent()).toMatch(
      /^This page needs the token of its address: .*\.\n$/,
    );
    await page.goto(url);
    await plays(page);
    await page.locator('#seed').fill('-1');
    await page.getByRole('button', { name: 'Reset' }).click();
    const said = await page
      .locator('#seed')
      .evaluate((field) => (field as unknown as { validationMessage: string }).validationMessage);
    expect(said).toBe('A seed is an integer from 0 to 4294967295.');
  });

  it('plays a module’s environment, which draws itself', async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'package.json'), '{}');
    writeFileSync(join(cwd, 'env.ts'), line);
    const directory = join(cwd, 'run');
    const args = ['train', 'env.ts', '--single', '--run-dir', 'run', '--max-updates', '50'];
    const trained = await qfleet([...args, '--set', 'replay.minSize=100'], { cwd });
    expect(trained.code, trained.stderr).toBe(0);
    const { url } = await watch([directory, '--env', join(cwd, 'env.ts')]);
    const out = join(cwd, 'page');
    const exported = await qfleet(['export', 'run', '--page', out], { cwd });
    expect(exported.code, exported.stderr).toBe(0);
    for (const address of [url, `file://${join(out, 'index.html')}`]) {
      const opened = await open(browser, address);
      await plays(opened.page);
      expect(await coloursOf(opened.page, '#canvas')).toBeGreaterThan(1);
      isClean(opened);
    }
  });

  it('plays what a fleet publishes on Redis', async () => {
    const redis = await startRedis();
    try {
      const url = `unix://${redis.socket}`;
      const directory = join(temporaryDirectory(), 'run');
      const settings = ['--set', 'stop.solvedReturn=null'];
      const args = [
        'train',
        'cartpole',
        '--actors',
        '1',
        '--redis',
        url,
        '--run-dir',
        directory,
        ...settings,
      ];
      const fleet = start(args);
      await until(fleet, () => existsSync(join(directory, 'metrics.jsonl')), 'it trains');
      const page = await open(browser, (await watch(['--redis', url])).url);
      await plays(page.page);
      expect(await textOf(page.page, 'status')).toMatch(/^training/);
      const before = await textOf(page.page, 'checkpoint');
      await eventually(page.page, 'checkpoint', (text) => text !== before, 'newer weights are published');
      fleet.child.kill('SIGINT');
      await fleet.ended;
      await eventually(
        page.page,
        'status',
        (text) => text.startsWith('training has ended'),
        'the end is told',
      );
      await plays(page.page);
      isClean(page);
    } finally {
      await redis.stop();
    }
  });

  /** Pictures for the README: one state, light and dark. */
  async function photograph(url: string): Promise<void> {
    if (pictures === undefined) return;
    mkdirSync(pictures, { recursive: true });
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await open(browser, url, scheme);
      await plays(page);
      await pause(page);
      await page.getByRole('button', { name: 'Reset' }).click();
      for (let step = 0; step < 60; step++) await page.locator('body').press('.');
      await page.waitForTimeout(300);
      await page.screenshot({ path: join(pictures, `watch-${scheme}.png`) });
      await page.close();
    }
  }
});

/** An environment that draws itself, by an export beside the default one; of both names that modules may import. */
const line = `
import { box, discrete } from '@qfleet/envs';
import { defineEnvironment } from 'qfleet';
export default defineEnvironment({
  id: 'Line-v0', observationSpace: box({ low: -1, high: 1, shape: [1] }), actionSpace: discrete(2), maxEpisodeSteps: 20,
  create: (random) => {
    let at = 0;
    return {
      reset: () => [(at = random.uniform())],
      step: (action) => ({ observation: [(at = Math.max(-1, Math.min(1, at + (action - 0.5) / 5)))], reward: at, terminated: false }),
      getState: () => ({ at }),
    };
  },
});
export function draw(context, { at }) {
  const { width, height } = context.canvas;
  context.fillStyle = '#3b7dd8';
  context.fillRect((width * (at + 1)) / 2 - 10, height / 2 - 10, 20, 20);
}
`;
