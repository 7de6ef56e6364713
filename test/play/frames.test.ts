import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launchChromium } from '../support/chromium.ts';
import { probes, whyNoGymnasium } from '../support/gymnasium.ts';
import { main, qfleet, temporaryDirectory } from '../support/qfleet.ts';
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
const missing =
  chromium === null ? 'there is no Chromium on the path: apt-get install chromium' : await whyNoGymnasium();
const why = missing === null ? '' : ` (skipped: ${missing})`;

// Lets workers import the environments that try what the bridge has to survive.
process.env['PYTHONPATH'] = probes;

/** Trains a little. @returns the run's directory. */
function trained(id: string, directory: string): string {
  const sets = ['replay.minSize=100', 'evaluation.episodes=1'].flatMap((set) => ['--set', set]);
  const args = ['train', id, '--single', '--seed', '1', '--run-dir', directory, '--max-updates', '100'];
  execFileSync(process.execPath, [main, ...args, ...sets, '--json'], { stdio: 'pipe' });
  return directory;
}

describe.skipIf(missing !== null)(
  `the page of what Python plays, in Chromium${why}`,
  { timeout: 300_000 },
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'qfleet-frames-'));
    let browser: Browser;
    /** A run of a probe, whose states are those of the other probes. */
    let drawn: string;
    beforeAll(async () => {
      browser = await launchChromium(chromium!);
      drawn = trained('gym:qfleet_probe/Drawn-v0', join(folder, 'run'));
    }, 180_000);
    afterAll(async () => {
      await browser?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    /** The run with another probe as its environment. */
    function of(name: string): string {
      const directory = join(temporaryDirectory(), 'run');
      cpSync(drawn, directory, { recursive: true });
      const config = join(directory, 'config.yaml');
      writeFileSync(config, readFileSync(config, 'utf8').replaceAll('Drawn-v0', `${name}-v0`));
      return directory;
    }

    it('plays what qfleet eval plays, on frames; pauses, steps, is taken over and reset', async () => {
      const directory = trained('gym:CartPole-v1', join(temporaryDirectory(), 'run'));
      const evaluated = await qfleet(['eval', directory, '--episodes', '2', '--seed', '5', '--json']);
      expect(evaluated.code, evaluated.stderr).toBe(0);
      const { returns } = JSON.parse(evaluated.stdout) as { returns: number[] };
      const { url, command } = await watch([directory]);
      const opened = await open(browser, url);
      const { page } = opened;
      await plays(page);
      expect(await textOf(page, 'title')).toBe('gym:CartPole-v1');
      // CartPole's frame has a ground, a track, a cart, a pole and an axle.
      expect(await coloursOf(page, '#canvas')).toBeGreaterThan(4);
      expect(await coloursOf(page, '#values canvas')).toBeGreaterThan(1);
      expect((await rowsOf(page)).map(({ name }) => name)).toEqual(['left', 'right']);

      await pause(page);
      // A step that was under way is over.
      await page.waitForTimeout(300);
      const steps = await numberOf(page, 'step-count');
      await page.waitForTimeout(300);
      expect(await numberOf(page, 'step-count')).toBe(steps);
      await page.locator('#checkpoint').selectOption('best');
      await page.locator('#checkpoint:not([aria-busy="true"])').waitFor();
      await page.locator('#seed').fill('5');
      await page.locator('#seed').press('Enter');
      await eventually(page, 'step-count', (text) => text === '0', 'it is reset');
      await page.locator('#seed').blur();
      const still = await pixelsOf(page);
      // None of what is asked for at once gets lost.
      for (let step = 0; step < 4; step++) await page.locator('body').press('.');
      await eventually(page, 'step-count', (text) => text === '4', 'four steps are taken');
      await page.waitForTimeout(100);
      expect(await pixelsOf(page)).not.toBe(still);

      await page.locator('#speed').fill('100');
      const before = await page.locator('#played li').count();
      await page.getByRole('button', { name: 'Reset' }).click();
      await page.getByRole('button', { name: 'Play', exact: true }).click();
      await page
        .locator('#played li')
        .nth(before + returns.length - 1)
        .waitFor({ timeout: 60_000 });
      const played = (await page.locator('#played li').allTextContents()).reverse();
      const own = played.slice(before, before + returns.length).map((text) => Number.parseFloat(text));
      expect(own).toEqual(returns);

      await pause(page);
      await page.waitForTimeout(300);
      await page.getByRole('button', { name: 'Reset' }).click();
      await eventually(page, 'step-count', (text) => text === '0', 'it is reset');
      await page.locator('body').press('t');
      for (const [key, name] of [
        ['ArrowRight', 'right'],
        ['a', 'left'],
        ['ArrowRight', 'right'],
      ]) {
        const at = await numberOf(page, 'step-count');
        await page.locator('body').press(key);
        await eventually(page, 'step-count', (text) => Number(text) === at + 1, `${key} takes a step`);
        await page.locator('#values tr', { has: page.locator('.mark.taken'), hasText: name }).waitFor();
      }
      // Another page plays an episode of its own.
      const second = await open(browser, url);
      await plays(second.page);
      const at = await numberOf(page, 'step-count');
      await page.locator('body').press('ArrowLeft');
      await eventually(page, 'step-count', (text) => Number(text) === at + 1, 'the first goes on');
      isClean(second);
      await page.reload();
      await plays(page);
      isClean(opened);
      command.child.kill('SIGINT');
      expect(await command.ended).toMatchObject({ code: 0, stderr: '' });
      await eventually(page, 'problem', (text) => text.includes('has ended'), 'the end is told');
    });

    it('takes short requests of a stage alone', async () => {
      const { url } = await watch([drawn]);
      const post = async (path: string, body: string, headers: Record<string, string> = {}) => {
        const response = await fetch(`${url}${path}`, { method: 'POST', body, headers });
        return { status: response.status, text: await response.text() };
      };
      const reset = JSON.stringify({ stage: null, seed: 1, episode: 0 });
      expect((await post('stage/reset', reset)).status).toBe(200);
      expect(await post('stage/reset', reset, { origin: 'http://example.com' })).toMatchObject({
        status: 403,
      });
      expect(await post('stage/reset', ' '.repeat(1_025))).toEqual({
        status: 413,
        text: 'A request may have 1024 bytes.\n',
      });
      for (const [path, body] of [
        ['reset', ''],
        ['reset', 'null'],
        ['reset', '{"stage":null,"seed":-1,"episode":0}'],
        ['reset', '{"stage":null,"seed":1e99,"episode":0}'],
        ['step', '{"stage":1,"action":0.5}'],
        ['step', reset],
        ['close', reset],
      ]) {
        const { status, text } = await post(`stage/${path}`, body);
        expect({ status, text }).toEqual({
          status: 409,
          text: 'This is no request of a stage: load the page again.\n',
        });
      }
      expect(await post('stage/step', '{"stage":99,"action":0}')).toMatchObject({
        status: 409,
        text: expect.stringMatching(/^This episode is not played any more.*\.\n$/),
      });
      expect(await post('stage/step', '{"stage":1,"action":7}')).toMatchObject({
        status: 409,
        text: expect.stringMatching(/action 7 is outside the action space/),
      });
      expect((await post('elsewhere', reset)).status).toBe(405);
      expect(
        (await fetch(url.replace(/[^/]+\/$/, 'stage/reset'), { method: 'POST', body: reset })).status,
      ).toBe(403);
    });

    it('says why there is no frame, and plays on', async () => {
      const { url } = await watch([of('Walk')]);
      const opened = await open(browser, url);
      await plays(opened.page);
      expect(await textOf(opened.page, 'problem')).toBe(
        'gym:qfleet_probe/Walk-v0: there is no frame of it: NoFrame: it has no render mode rgb_array.',
      );
      expect(await opened.page.locator('#problem').isVisible()).toBe(true);
      isClean(opened);
    });

    it('cuts the episode where the worker dies, and ends after three times in a row', async () => {
      // It dies in the third step of each episode.
      const { url } = await watch([of('Trouble')]);
      const { page, strays } = await open(browser, url);
      await eventually(
        page,
        'problem',
        (text) =>
          /^Environment gym:qfleet_probe\/Trouble-v0, .*: Python's worker went 3 times in a row: .*licence\.$/.test(
            text.trim(),
          ),
        'it ends',
      );
      expect(await page.locator('#problem').isVisible()).toBe(true);
      expect(await textOf(page, 'play')).toBe('Play');
      const played = await page.locator('#played li').allTextContents();
      expect(played.map((text) => text.replace(/^\S+ /, ''))).toEqual(['in 3 steps', 'in 3 steps']);
      expect(strays).toEqual([]);
    });
  },
);

/** What a page's canvas shows, as text. */
const pixelsOf = (page: Awaited<ReturnType<typeof open>>['page']): Promise<string> =>
  page.locator('#canvas').evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());
