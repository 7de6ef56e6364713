import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { main, qfleet, temporaryDirectory } from '../../../test/support/qfleet.ts';
import { sharedDirectory } from './support/shared-directory.ts';

const run = join(sharedDirectory(), 'run');
const hasFfmpeg = ['ffmpeg', 'ffprobe'].every((name) => spawnSync(name, ['-version']).status === 0);
if (!hasFfmpeg) process.stderr.write('No film is made: there is no ffmpeg with its ffprobe on the path.\n');

beforeAll(() => {
  const args = ['train', 'cliffwalking', '--single', '--seed', '1', '--run-dir', run, '--json'];
  execFileSync(process.execPath, [main, ...args], { stdio: 'pipe' });
}, 60_000);

/** The frames of a GIF: its size, and the delay of each in hundredths of a second. */
function readGif(file: string): { width: number; height: number; delays: number[] } {
  const bytes = readFileSync(file);
  expect(bytes.toString('latin1', 0, 6)).toBe('GIF89a');
  const flags = bytes[10];
  let at = 13 + (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  const delays: number[] = [];
  const skipBlocks = (): void => {
    while (bytes[at] !== 0) at += bytes[at] + 1;
    at++;
  };
  while (bytes[at] !== 0x3b) {
    if (bytes[at] === 0x21) {
      if (bytes[at + 1] === 0xf9) delays.push(bytes.readUInt16LE(at + 4));
      at += 2;
      skipBlocks();
    } else {
      expect(bytes[at]).toBe(0x2c);
      const local = bytes[at + 9];
      at += 10 + (local & 0x80 ? 3 * 2 ** ((local & 7) + 1) : 0) + 1;
      skipBlocks();
    }
  }
  expect(at).toBe(bytes.length - 1);
  return { width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8), delays };
}

it('records the same bytes from the same seed, a frame a step', async () => {
  const cwd = temporaryDirectory();
  const hashes: string[] = [];
  for (const name of ['a.gif', 'b.gif']) {
    const { stdout, stderr, code } = await qfleet(
      ['record', run, name, '--seed', '3', '--episodes', '2', '--width', '120', '--json'],
      { cwd },
    );
    expect(code, stderr).toBe(0);
    const told = JSON.parse(stdout);
    // The shortest safe path: 13 steps, and two frames of rest each.
    expect(told).toMatchObject({ file: name, seed: 3, returns: [-13, -13], frames: 2 * (14 + 1) });
    const gif = readGif(join(cwd, name));
    expect(gif).toMatchObject({ width: 120, height: 40 });
    expect(gif.delays).toEqual(Array(told.frames).fill(25));
    hashes.push(
      createHash('sha256')
        .update(readFileSync(join(cwd, name)))
        .digest('hex'),
    );
  }
  expect(hashes[0]).toBe(hashes[1]);
});

it('needs ffmpeg for a film, and says so', async () => {
  const cwd = temporaryDirectory();
  const without = await qfleet(['record', run, 'out.mp4'], { cwd, env: { PATH: cwd } });
  expect(without).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^error: An \.mp4 is made by ffmpeg, and there is none on the path: .*\n$/),
  });
  // One that writes what it is given stands for it: frames come whole, in order.
  const script = '#!/bin/sh\nfor last; do :; done\nexec cat > "$last"\n';
  writeFileSync(join(cwd, 'ffmpeg'), script, { mode: 0o755 });
  const path = `${cwd}:${process.env['PATH']}`;
  const made = await qfleet(['record', run, 'out.mp4', '--width', '120', '--json'], {
    cwd,
    env: { PATH: path },
  });
  expect(made.code, made.stderr).toBe(0);
  const { frames } = JSON.parse(made.stdout);
  expect(readFileSync(join(cwd, 'out.mp4'))).toHaveLength(frames * 120 * 40 * 4);
  writeFileSync(join(cwd, 'ffmpeg'), '#!/bin/sh\necho "no such codec" >&2\nexit 3\n', { mode: 0o755 });
  const failed = await qfleet(['record', run, 'out.mp4'], { cwd, env: { PATH: path } });
  expect(failed).toMatchObject({ code: 1, stderr: 'error: ffmpeg could not make out.mp4: no such codec\n' });
});

it.skipIf(!hasFfmpeg)('makes a film that plays, a frame a step, of an even size', async () => {
  const cwd = temporaryDirectory();
  const args = ['record', run, 'out.mp4', '--episodes', '2', '--width', '121', '--fps', '10', '--json'];
  const { stdout, stderr, code } = await qfleet(args, { cwd });
  expect(code, stderr).toBe(0);
  const { frames } = JSON.parse(stdout);
  const probed = execFileSync(
    'ffprobe',
    ['-v', 'error', '-count_frames', '-show_streams', '-of', 'json', 'out.mp4'],
    { cwd, encoding: 'utf8' },
  );
  expect(JSON.parse(probed).streams).toMatchObject([
    { width: 122, height: 40, pix_fmt: 'yuv420p', r_frame_rate: '10/1', nb_read_frames: String(frames) },
  ]);
  // Its frames, decoded: the agent is elsewhere in each of the 14 states of an episode.
  const decode = ['-v', 'error', '-i', 'out.mp4', '-f', 'framemd5', '-'];
  const decoded = execFileSync('ffmpeg', decode, { cwd, encoding: 'utf8' }).split('\n');
  const hashes = decoded.filter((line) => /^\d/.test(line)).map((line) => line.split(',').at(-1));
  expect(hashes).toHaveLength(frames);
  expect(new Set(hashes).size).toBeGreaterThanOrEqual(14);
});

it('draws what a user’s environment draws', { timeout: 120_000 }, async () => {
  const cwd = temporaryDirectory();
  writeFileSync(
    join(cwd, 'env.ts'),
    `
import { defineEnvironment, discrete } from '@qfleet/envs';
export default defineEnvironment({
  id: 'Own-v0', observationSpace: discrete(4), actionSpace: discrete(2), maxEpisodeSteps: 3,
  create: () => { let at = 0; return { reset: () => (at = 0), step: () => ({ observation: ++at, reward: 1, terminated: false }) }; },
  draw(context, state) {
    if (JSON.stringify(state) !== JSON.stringify([state[0]])) throw new Error('the state is ' + JSON.stringify(state));
    context.fillStyle = 'rgb(200, 40, 40)';
    context.fillRect(0, 0, context.canvas.width, context.canvas.height);
    context.fillStyle = '#000';
    context.font = '20px sans-serif';
    context.fillText(String(state[0]), 10, 30);
  },
});
`,
  );
  const args = ['train', 'env.ts', '--single', '--run-dir', 'run', '--max-updates', '8'];
  const sets = ['agent.kind=tabular', 'replay.minSize=64'].flatMap((field) => ['--set', field]);
  expect(await qfleet([...args, ...sets], { cwd })).toMatchObject({ code: 0 });
  const { code, stderr, stdout } = await qfleet(['record', 'run', 'out.gif', '--width', '80', '--json'], {
    cwd,
  });
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ returns: [3] });
  const { width, height } = readGif(join(cwd, 'out.gif'));
  expect([width, height]).toEqual([80, 60]);
});

it('says in one sentence what can’t be recorded', async () => {
  const cwd = temporaryDirectory();
  mkdirSync(join(cwd, 'folder.gif'));
  for (const [args, sentence] of [
    [['out.png'], /^error: out\.png is neither a \.gif nor an \.mp4, nor the \.svg of a dialogue: .*\n$/],
    [
      ['out.svg'],
      /^error: The agent of .* acts, which is a picture that moves: name a \.gif or an \.mp4\.\n$/,
    ],
    [['folder.gif'], /^error: folder\.gif is no file: .*\n$/],
    [['out.gif', '--width', '5'], /integer from 16 to 4096/],
  ] as const) {
    const { code, stderr } = await qfleet(['record', run, ...args], { cwd });
    expect(stderr).toMatch(sentence);
    expect(code).toBe(2);
  }
  const nowhere = await qfleet(['record', run, 'no/such/out.gif'], { cwd });
  expect(nowhere).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error: no\/such\/out\.gif can't be used: .*\n$/),
  });
});
