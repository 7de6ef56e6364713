import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { qfleet, temporaryDirectory } from '../support/qfleet.ts';

/** 2,000 steps, with episodes and a replay that are short enough for them. */
const SHORT = [
  '--single',
  '--json',
  '--max-steps',
  '2000',
  ...[
    'replay.minSize=1000',
    'replay.samplesPerInsert=1',
    'evaluation.episodes=2',
    'evaluation.every=1000000',
  ].flatMap((setting) => ['--set', setting]),
  '--set',
  'environment.options.max_num_frames_per_episode=400',
];

it.each(
  [
    ['pong'],
    ['breakout'],
    ['breakout', '--preset', 'rainbow'],
    ['pong', '--preset', 'apex'],
    ['pong', '--preset', 'btr'],
  ].map((preset) => ({ preset, name: preset.join(' ') })),
)('starts $name', { timeout: 1_200_000 }, async ({ preset }) => {
  const cwd = temporaryDirectory();
  const { code, stdout, stderr } = await qfleet(['train', ...preset, ...SHORT], { cwd });
  expect(code, stderr).toBe(0);
  const summary = JSON.parse(stdout);
  expect(summary.envSteps).toBeGreaterThanOrEqual(2_000);
  expect(summary.environmentSettings).toMatchObject({
    atari: { settings: 'machado', stickyActions: 0.25, noOpsMax: 0 },
    frameStack: 4,
    rewardClip: 1,
  });
  rmSync(cwd, { recursive: true, force: true });
});
