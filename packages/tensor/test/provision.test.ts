import { createHash, randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compileAddon } from '../src/provision/addon.ts';
import {
  bindingName,
  cacheDirectory,
  findProvisioned,
  folderPrefix,
  MANIFEST,
} from '../src/provision/cache.ts';
import { runCommand } from '../src/provision/command.ts';
import { download } from '../src/provision/download.ts';
import { exclusively, provision } from '../src/provision/provision.ts';

let dir: string;
let servers: Server[] = [];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'qfleet-provision-'));
});

afterEach(async () => {
  for (const server of servers) server.close();
  servers = [];
  await rm(dir, { recursive: true });
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/wheel`;
}

const content = randomBytes(300_000);
const sha256 = createHash('sha256').update(content).digest('hex');

describe('download', () => {
  it('goes on where an interrupted download stopped', async () => {
    const ranges: (string | undefined)[] = [];
    const file = join(dir, 'wheel');
    const url = await serve((request, response) => {
      ranges.push(request.headers.range);
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': content.length - from });
      if (ranges.length > 1) response.end(content.subarray(from));
      else {
        response.write(content.subarray(0, 100_000));
        // Cut once some of it is on disk.
        const look = setInterval(() => {
          if (!statSync(`${file}.part`, { throwIfNoEntry: false })?.size) return;
          clearInterval(look);
          response.destroy();
        }, 5);
      }
    });
    await expect(download(url, file, sha256)).rejects.toThrow();
    const part = await readFile(`${file}.part`);
    expect(part.length).toBeGreaterThan(0);
    expect(part).toEqual(content.subarray(0, part.length));
    await download(url, file, sha256);
    expect(ranges).toEqual([undefined, `bytes=${part.length}-`]);
    expect(await readFile(file)).toEqual(content);
    expect(await readdir(dir)).toEqual(['wheel']);
    await download(url, file, sha256);
    expect(ranges).toHaveLength(2);
  });

  it('starts over with a server that knows no ranges, and finishes what was already whole', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/whole') response.writeHead(416).end();
      else response.end(content);
    });
    const file = join(dir, 'wheel');
    await writeFile(`${file}.part`, content.subarray(0, 1000));
    await download(url, file, sha256);
    expect(await readFile(file)).toEqual(content);
    await rm(file);
    await writeFile(`${file}.part`, content);
    await download(url.replace('/wheel', '/whole'), file, sha256);
    expect(await readFile(file)).toEqual(content);
  });

  it('refuses what has another checksum, and does not go on from it', async () => {
    const url = await serve((_, response) => response.end('something else'));
    const file = join(dir, 'wheel');
    await expect(download(url, file, sha256)).rejects.toThrow(
      /has SHA-256 .*, expected .*: the download was damaged/,
    );
    expect(await readdir(dir)).toEqual([]);
  });

  it('says what the server answered', async () => {
    const url = await serve((_, response) => response.writeHead(403).end());
    await expect(download(url, join(dir, 'wheel'), sha256)).rejects.toThrow(`${url} answered 403 Forbidden`);
  });
});

describe('the lock', () => {
  it('lets one in at a time', async () => {
    const held = join(dir, 'libraries');
    let inside = 0;
    const work = async () => {
      inside++;
      expect(inside).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside--;
    };
    await Promise.all([exclusively(held, work), exclusively(held, work), exclusively(held, work)]);
  });

  it('is released when the work fails, and taken over from a holder that was killed', async () => {
    const held = join(dir, 'libraries');
    const failing = exclusively(held, () => Promise.reject(new Error('no network')));
    await expect(failing).rejects.toThrow('no network');
    // What a killed holder leaves behind: a lock that nobody renews.
    await mkdir(`${held}.lock`);
    const then = new Date(Date.now() - 60_000);
    await utimes(`${held}.lock`, then, then);
    expect(await exclusively(held, () => Promise.resolve('done'))).toBe('done');
    expect(existsSync(`${held}.lock`)).toBe(false);
  });
});

describe('provisioning', () => {
  it('finds only folders that are whole', async () => {
    const folder = join(dir, 'tensorflow', `${folderPrefix('cpu')}0123456789ab`);
    await mkdir(folder, { recursive: true });
    expect(findProvisioned('cpu', '4.22.0', dir)).toBeNull();
    await writeFile(join(folder, bindingName('4.22.0')), '');
    expect(findProvisioned('cpu', '4.22.0', dir)).toBeNull();
    await writeFile(join(folder, MANIFEST), '{"version":"2.20.0"}');
    expect(findProvisioned('cpu', '4.22.0', dir)).toMatchObject({
      kind: 'cpu',
      version: '2.20.0',
      dir: folder,
    });
    expect(findProvisioned('cpu', '4.23.0', dir)).toBeNull();
    expect(findProvisioned('gpu', '4.22.0', dir)).toBeNull();
  });

  it('caches where it is told to', () => {
    expect(cacheDirectory({ QFLEET_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
    expect(cacheDirectory({ XDG_CACHE_HOME: '/b' })).toBe('/b/qfleet');
    expect(cacheDirectory({})).toMatch(/\/\.cache\/qfleet$/);
  });

  it('says in a sentence that Python or the compiler is missing', async () => {
    const { PATH, CXX } = process.env;
    try {
      process.env['PATH'] = dir;
      await expect(provision('cpu', { cache: dir })).rejects.toThrow(
        /^there is no Python: install Python 3 with pip/,
      );
      process.env['CXX'] = 'no-such-compiler';
      await expect(compileAddon(dir, join(dir, 'addon.node'))).rejects.toThrow(
        /^there is no C\+\+ compiler \(no-such-compiler\): install one/,
      );
    } finally {
      process.env['PATH'] = PATH;
      if (CXX === undefined) delete process.env['CXX'];
      else process.env['CXX'] = CXX;
    }
  });

  it('never stops set-up: it says what is missing and that WASM runs', async () => {
    const main = new URL('../dist/provision/main.js', import.meta.url).pathname;
    const { PATH } = process.env;
    process.env['PATH'] = dir;
    process.env['QFLEET_CACHE_DIR'] = dir;
    try {
      const { code, stderr } = await runCommand(process.execPath, [main]);
      expect(code).toBe(0);
      expect(stderr).toMatch(/^TensorFlow: there is no Python.*Training runs on WASM, which is slower\.\n$/);
    } finally {
      process.env['PATH'] = PATH;
      delete process.env['QFLEET_CACHE_DIR'];
    }
  });
});
