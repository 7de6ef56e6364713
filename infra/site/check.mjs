// Holds the pages to what is promised of them: no link leads nowhere, and nothing is fetched from elsewhere.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What a browser fetches by itself. */
const FETCHED = /<(?:script|img|link|iframe|source|video|audio)\b[^>]*?\s(?:src|href)="([^"]*)"/g;
const LINKED = /<a\b[^>]*?\shref="([^"]*)"/g;
/** What a style sheet fetches. */
const STYLED = /url\(\s*["']?(https?:[^"')]*)|@import\s+["'](https?:[^"']*)/g;

/** Checks every page and style sheet of a site.
 * @param {string} site
 * @returns {string[]} a sentence for each breach */
export function checkSite(site) {
  const files = readdirSync(site, { recursive: true, encoding: 'utf8' });
  return files.flatMap((file) => {
    if (/\.css$/.test(file)) {
      const external = [...readFileSync(join(site, file), 'utf8').matchAll(STYLED)];
      return external.map(([, url, imported]) => `${file}: the style sheet fetches ${url ?? imported}.`);
    }
    return file.endsWith('.html') && file !== '404.html' ? checkPage(site, file) : [];
  });
}

/** @param {string} site
 * @param {string} file */
function checkPage(site, file) {
  const html = readFileSync(join(site, file), 'utf8');
  const fetched = [...html.matchAll(FETCHED)].map(([, url]) => url);
  const linked = [...html.matchAll(LINKED)].map(([, url]) => url);
  const external = fetched
    .filter((url) => /^(https?:)?\/\//.test(url))
    .map((url) => `${file}: the page fetches ${url}.`);
  const local = [...fetched, ...linked].filter((url) => !/^([a-z]+:|\/\/|$)/.test(url));
  const broken = [...new Set(local)]
    .filter((url) => !isThere(site, file, html, url))
    .map((url) => `${file}: the link ${url} leads nowhere.`);
  return [...external, ...broken];
}

/** Whether a link leads to a file, and to a place in it.
 * @param {string} site
 * @param {string} file
 * @param {string} html
 * @param {string} url */
function isThere(site, file, html, url) {
  const [path, anchor] = url.split('#').map(decodeURIComponent);
  const base = path.startsWith('/') ? site : dirname(join(site, file));
  const bare = path === '' ? join(site, file) : join(base, path);
  const target = [bare, `${bare}.html`, join(bare, 'index.html')].find(
    (each) => /\.\w+$/.test(each) && existsSync(each),
  );
  if (target === undefined) return false;
  if (!anchor || !target.endsWith('.html')) return true;
  const text = path === '' ? html : readFileSync(target, 'utf8');
  return text.includes(`id="${anchor.replaceAll('&', '&amp;')}"`);
}
