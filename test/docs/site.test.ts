import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { configReference, listPresets } from '@qfleet/config';
import { listEnvironments } from '@qfleet/envs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../apps/cli/src/program.ts';
import { checkSite } from '../../infra/site/check.mjs';
import { generatePages } from '../../infra/site/generate.mjs';
import { stageDocuments } from '../../infra/site/stage.mjs';
import { temporaryDirectory } from '../support/qfleet.ts';
import { repository } from './commands.ts';

const stage = mkdtempSync(join(tmpdir(), 'qfleet-site-'));
afterAll(() => rmSync(stage, { recursive: true, force: true }));
let pages: Set<string>;
beforeAll(async () => {
  pages = stageDocuments(repository, stage);
  await generatePages(repository, stage);
});
const page = (name: string): string => readFileSync(join(stage, name), 'utf8');

describe('the pages of the site', () => {
  it('are the documents of the repository, whose links lead to pages', () => {
    for (const name of [
      'index.md',
      'guide.md',
      'deployment.md',
      'contributing.md',
      'packages/replay.md',
      'examples/index.md',
    ])
      expect(pages).toContain(name);
    for (const name of [...pages].filter((each) => each.endsWith('.md'))) {
      const prose = page(name).replaceAll(/^```[\s\S]*?^```$/gm, '');
      for (const [, link] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^([a-z]+:|#)/.test(link)) continue;
        const target = join(stage, dirname(name), link.split('#')[0]);
        const isThere = existsSync(target) || existsSync(join(stage, 'public', dirname(name), link));
        expect(isThere, `${name}: ${link}`).toBe(true);
      }
    }
    expect(page('index.md')).toContain('[deployment](./deployment.md)');
  });

  it('have every field, command, method and environment', () => {
    for (const { path } of configReference()) expect(page('configuration.md')).toContain(`\`${path}\``);
    for (const command of createProgram().commands.filter(
      (each) => !['complete', 'help'].includes(each.name()),
    )) {
      expect(page('commands.md')).toContain(`\n## qfleet ${command.name()}\n`);
      for (const { long } of command.options) expect(page('commands.md')).toContain(long);
    }
    for (const { name, kind } of listPresets())
      if (kind === 'method') expect(page('methods.md')).toContain(`\n## ${name}\n`);
    for (const { id } of listEnvironments()) expect(page('environments/index.md')).toContain(`\`${id}\``);
  });
});

describe('what is checked of a site', () => {
  function site(files: Readonly<Record<string, string>>): string[] {
    const folder = temporaryDirectory();
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return checkSite(folder);
  }

  it('links, also to headings', () => {
    const html =
      '<a href="./b.html#here">b</a> <a href="/sub/">c</a> <a href="https://example.org/">d</a> <img src="/a.svg">';
    const whole = { 'a.html': html, 'b.html': '<h2 id="here">', 'sub/index.html': '', 'a.svg': '' };
    expect(site(whole)).toEqual([]);
    expect(site({ ...whole, 'b.html': '<h2 id="there">' })).toEqual([
      'a.html: the link ./b.html#here leads nowhere.',
    ]);
    expect(site({ 'a.html': '<a href="gone.html">a</a>' })).toEqual([
      'a.html: the link gone.html leads nowhere.',
    ]);
  });

  it('that nothing is fetched from elsewhere', () => {
    expect(site({ 'a.html': '<script src="https://cdn.example.org/x.js"></script>' })).toEqual([
      'a.html: the page fetches https://cdn.example.org/x.js.',
    ]);
    expect(
      site({ 'a.css': '@import "https://fonts.example.org/x.css"; a { background: url(local.png) }' }),
    ).toEqual(['a.css: the style sheet fetches https://fonts.example.org/x.css.']);
  });
});
