import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launchChromium } from '../support/chromium.ts';
import { qfleet, temporaryDirectory } from '../support/qfleet.ts';
import { isClean, open, pause, plays, watch } from './page.ts';

const chromium = findChromium();
const why = chromium === null ? ' (skipped: there is no Chromium on the path: apt-get install chromium)' : '';

/** An environment whose module registers a network, an objective and an optimizer. */
const module = `
import { adam, createObjective, findEnvironment, HiddenLayers, registerNetwork, registerObjective, registerOptimizer } from 'qfleet';
registerNetwork('squared', (spec, hidden) => {
  const layers = new HiddenLayers(2 * spec.shape[0], hidden);
  return {
    parameters: layers.parameters,
    width: layers.width,
    forward: (tf, parameters, states) => layers.forward(tf, parameters, tf.concat([states, tf.square(states)], 1)),
  };
});
registerObjective('half', (config) => {
  const plain = createObjective({ ...config, objective: { kind: 'expected' }, cql: null });
  return {
    ...plain,
    loss(context, out, targets, batch) {
      const { loss, ...rest } = plain.loss(context, out, targets, batch);
      return { ...rest, loss: context.tf.mul(loss, 0.5) };
    },
  };
});
registerOptimizer('own', () => adam({ beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 }));
export default findEnvironment('CartPole-v1');
`;

describe.skipIf(chromium === null)(`what a module registers, in Chromium${why}`, { timeout: 300_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium(chromium!);
  });
  afterAll(() => browser?.close());

  it('is known to the page, which plays what qfleet eval plays; what no browser has is refused', async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'package.json'), '{}');
    writeFileSync(join(cwd, 'own.ts'), module);
    const set = [
      'agent.objective={kind: custom, name: half}',
      'agent.network={kind: custom, name: squared, hidden: [16]}',
      ...['replay.minSize=100', 'evaluation.episodes=1'],
    ].flatMap((each) => ['--set', each]);
    const args = ['train', 'own.ts', '--single', '--seed', '1', '--run-dir', 'run', '--max-updates', '100'];
    const trained = await qfleet([...args, ...set], { cwd });
    expect(trained.code, trained.stderr).toBe(0);
    const evaluated = await qfleet(['eval', 'run', '--episodes', '2', '--seed', '5', '--json'], { cwd });
    expect(evaluated.code, evaluated.stderr).toBe(0);
    const { returns } = JSON.parse(evaluated.stdout) as { returns: number[] };
    const out = join(cwd, 'page');
    const exported = await qfleet(['export', 'run', '--page', out], { cwd });
    expect(exported.code, exported.stderr).toBe(0);
    const { url } = await watch([join(cwd, 'run'), '--env', join(cwd, 'own.ts')]);
    for (const address of [url, `file://${join(out, 'index.html')}`]) {
      const opened = await open(browser, address);
      const { page } = opened;
      await plays(page);
      await pause(page);
      await page.locator('#checkpoint').selectOption('best');
      await page.locator('#checkpoint:not([aria-busy="true"])').waitFor();
      await page.locator('#speed').fill('100');
      await page.locator('#seed').fill('5');
      await page.getByRole('button', { name: 'Reset' }).click();
      const before = await page.locator('#played li').count();
      await page.getByRole('button', { name: 'Play', exact: true }).click();
      await page
        .locator('#played li')
        .nth(before + returns.length - 1)
        .waitFor({ timeout: 60_000 });
      const played = (await page.locator('#played li').allTextContents()).reverse();
      const own = played.slice(before, before + returns.length).map((text) => Number.parseFloat(text));
      expect(own).toEqual(returns);
      isClean(opened);
      await page.close();
    }

    writeFileSync(
      join(cwd, 'own.ts'),
      `import { train } from 'qfleet';\n${module}globalThis.again = train;\n`,
    );
    const { code, stderr } = await qfleet(['watch', 'run'], { cwd });
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(
        /^error: Environment module .*own\.ts imports train from qfleet \(.*own\.ts:1:10\), which a browser does not have: .*\.\n$/,
      ),
    });
  });
});
