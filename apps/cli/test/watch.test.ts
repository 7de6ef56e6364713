import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { main, qfleet, start, temporaryDirectory, until } from '../../../test/support/qfleet.ts';
import { sharedDirectory } from './support/shared-directory.ts';

const folder = sharedDirectory();
const run = join(folder, 'run');

beforeAll(() => {
  const args = ['train', 'taxi', '--single', '--seed', '1', '--run-dir', run, '--max-updates', '50'];
  execFileSync(process.execPath, [main, ...args, '--set', 'replay.minSize=100', '--json'], { stdio: 'pipe' });
}, 60_000);

/** A request as it is written, which `fetch` would tidy up. */
function ask(
  url: string,
  { path, host, method = 'GET' }: { path?: string; host?: string; method?: string } = {},
): Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }> {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, method, path: path ?? pathname, headers: host === undefined ? {} : { host } },
      (response) => {
        let body = '';
        response.setEncoding('latin1').on('data', (part) => {
          body += part;
        });
        response.on('end', () => resolve({ status: response.statusCode!, body, headers: response.headers }));
      },
    );
    sent.on('error', reject).end();
  });
}

async function watched(args: readonly string[] = [run]): Promise<string> {
  const command = start(['watch', ...args, '--json']);
  await until(command, () => command.output.stdout.includes('\n'), 'the page is served');
  return JSON.parse(command.output.stdout).url;
}

describe('the page’s server', () => {
  it('answers whoever knows the token, on loopback, with a strict policy', async () => {
    const url = await watched();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{24}\/$/);
    const page = await ask(url);
    expect(page.status).toBe(200);
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe-inline|'unsafe-eval'|https?:|\*/);
    // No inline script, no inline style, nothing from elsewhere.
    expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?:\/\//);
    const { pathname } = new URL(url);
    const about = JSON.parse((await ask(url, { path: `${pathname}run.json` })).body);
    expect(about).toMatchObject({ config: { environment: { id: 'Taxi-v3' } }, hasModule: false });
    // Without its token, with another one, with a part of it.
    for (const path of ['/', '/run.json', `/${'x'.repeat(24)}/`, `${pathname.slice(0, -2)}/`]) {
      const refused = await ask(url, { path });
      expect(refused).toMatchObject({
        status: 403,
        body: expect.stringMatching(/^This page needs the token.*\.\n$/),
      });
    }
    expect((await ask(url, { path: pathname.slice(0, -1) })).status).toBe(308);
    expect((await ask(url, { method: 'PUT' })).status).toBe(405);
    expect((await ask(url, { method: 'POST' })).status).toBe(405);
    // The environment is played in the page: nothing is stepped here.
    expect(await ask(url, { method: 'POST', path: `${pathname}stage/reset` })).toMatchObject({
      status: 405,
      body: 'This page is only read.\n',
    });
    expect((await ask(url, { method: 'HEAD' })).body).toBe('');
  });

  it('refuses names that are not this machine’s', async () => {
    const url = await watched();
    const { port } = new URL(url);
    for (const host of ['example.com', `example.com:${port}`, '127.0.0.1', `127.0.0.1.example.com:${port}`]) {
      const refused = await ask(url, { host });
      expect(refused.status, host).toBeGreaterThanOrEqual(400);
      expect(refused.body).not.toContain('<html');
    }
    expect((await ask(url, { host: `localhost:${port}` })).status).toBe(200);
  });

  it('reaches nothing but the page and the checkpoints', async () => {
    const url = await watched();
    const { pathname } = new URL(url);
    writeFileSync(join(run, 'checkpoints', 'secret.safetensors'), 'secret');
    for (const path of [
      '../run.json',
      'weights/../../run',
      'weights/..%2f..%2frun',
      'weights/secret',
      'weights/',
      'weights/%2e%2e/x',
      'config.yaml',
      'environment.js',
      '__proto__',
      'constructor',
      '..%5c..%5crun.json',
      'weights/best.json',
      '//etc/passwd',
    ]) {
      const answer = await ask(url, { path: `${pathname}${path}` });
      expect(answer.status, path).toBeGreaterThanOrEqual(400);
      expect(answer.body, path).toMatch(/^[^\n]+\.\n$|^[^\n]+: choose another\.\n$/);
    }
    const weights = await ask(url, { path: `${pathname}weights/best` });
    expect(weights.status).toBe(200);
    expect(weights.body.slice(8)).toMatch(/^\{"__metadata__"/);
  });
});

describe('says in one sentence', () => {
  const refused = async (
    args: readonly string[],
    sentence: RegExp,
    code: number,
    cwd?: string,
  ): Promise<void> => {
    const ended = await qfleet(args, cwd === undefined ? {} : { cwd });
    expect(ended.stderr).toMatch(sentence);
    expect(ended.stderr.trim().split('\n')).toHaveLength(1);
    expect(ended.code).toBe(code);
  };

  it('that a port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await refused(
      ['watch', run, '--port', String(port)],
      /^error: Port \d+ can't be had \(it is in use\): .*--port/,
      1,
    );
    other.close();
    await refused(['watch', run, '--port', '70000'], /integer from 0 to 65535/, 2);
  });

  it('that a run has no checkpoint, is none, or is not named', { timeout: 120_000 }, async () => {
    const empty = join(temporaryDirectory(), 'run');
    cpSync(run, empty, { recursive: true, filter: (path) => !path.endsWith('.safetensors') });
    for (const args of [
      ['watch', empty],
      ['record', empty, 'out.gif'],
      ['export', empty, '--page', 'out'],
    ]) {
      await refused(
        args,
        /^error: \S+ has no checkpoint yet; to train on: .* resume /,
        1,
        temporaryDirectory(),
      );
    }
    await refused(['watch', join(empty, 'nothing')], /^error: There is no directory/, 2);
    await refused(['watch'], /^error: Name the run: .* watch RUN_DIR/, 2);
    await refused(
      ['watch', run, '--redis', 'redis://127.0.0.1:1'],
      /^error: Name a run directory or --redis, not both\.$/m,
      2,
    );
    await refused(['watch', '--redis', 'redis://127.0.0.1:1'], /^error: .*127\.0\.0\.1:1/, 1);
  });

  it('that a checkpoint is of another environment', { timeout: 120_000 }, async () => {
    const other = join(temporaryDirectory(), 'run');
    cpSync(run, other, { recursive: true });
    const config = readFileSync(join(other, 'config.yaml'), 'utf8').replace('Taxi-v3', 'CliffWalking-v1');
    writeFileSync(join(other, 'config.yaml'), config);
    for (const args of [
      ['watch', other],
      ['record', other, 'out.gif'],
      ['export', other, '--page', 'out'],
    ]) {
      await refused(
        args,
        /^error: The weights of \S+ don't fit this run\..*Taxi-v3 → CliffWalking-v1/,
        2,
        temporaryDirectory(),
      );
    }
  });

  it('that a module can’t be played in a browser', { timeout: 120_000 }, async () => {
    const cwd = temporaryDirectory();
    writeFileSync(join(cwd, 'package.json'), '{"type":"module"}');
    const own = (load: string): void =>
      writeFileSync(
        join(cwd, 'env.ts'),
        `${load}
import { defineEnvironment, discrete } from '@qfleet/envs';
export default defineEnvironment({
  id: 'Own-v0', observationSpace: discrete(2), actionSpace: discrete(2), maxEpisodeSteps: 5,
  create: () => ({ reset: () => 0, step: () => ({ observation: 1, reward: 1, terminated: false }) }),
});
`,
      );
    own('');
    const args = ['train', 'env.ts', '--single', '--run-dir', 'run', '--max-updates', '8'];
    const sets = ['agent.kind=tabular', 'replay.minSize=64'].flatMap((field) => ['--set', field]);
    expect(await qfleet([...args, ...sets], { cwd })).toMatchObject({ code: 0 });
    await refused(
      ['record', 'run', 'out.gif'],
      /^error: Environment Own-v0 can't be drawn: give it draw\(context, state\)/,
      1,
      cwd,
    );
    own("import { readFileSync } from 'node:fs'; readFileSync;");
    await refused(
      ['watch', 'run'],
      /^error: Environment module env\.ts imports node:fs \(.*env\.ts:1:\d+\), which a browser does not have/,
      2,
      cwd,
    );
    own('const = 1;');
    await refused(
      ['watch', 'run'],
      /^error: Environment module env\.ts can't be made a script for browsers: .*env\.ts:1:7\)\.$/m,
      2,
      cwd,
    );
  });

  it('that a folder for a page is not empty', async () => {
    const cwd = temporaryDirectory();
    mkdirSync(join(cwd, 'out'));
    writeFileSync(join(cwd, 'out', 'mine.txt'), '');
    await refused(['export', run, '--page', 'out'], /^error: out is not empty: /, 2, cwd);
    await refused(
      ['export', run],
      /^error: Name OUT, the file or directory to write, or --page DIR\.$/m,
      2,
      cwd,
    );
    await refused(['export', run, 'a', '--page', 'b'], /^error: --page names its own directory/, 2, cwd);
  });
});

it('what Python plays is no page as files, which is said', { timeout: 120_000 }, async () => {
  const cwd = temporaryDirectory();
  cpSync(run, join(cwd, 'run'), { recursive: true });
  const config = join(cwd, 'run', 'config.yaml');
  writeFileSync(config, readFileSync(config, 'utf8').replaceAll('Taxi-v3', 'gym:Taxi-v3'));
  const { code, stdout, stderr } = await qfleet(['export', 'run', '--page', 'page'], { cwd });
  expect(stderr).toMatch(
    /^error: The environment of run, gym:Taxi-v3, is played in Python, which a page as files can't ask: .*qfleet.* watch run shows it\.\n$/,
  );
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});
