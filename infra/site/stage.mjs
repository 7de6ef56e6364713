// Lays the documents out as the site has them. The documents of the repository stay where they are, and are the one source.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';

/** A picture in HTML, as those that are another in the dark or have a width. */
const SOURCE = /\b(src|srcset)="([^"]+)"/g;
const LINK = /(!?)\[((?:[^\]`]|`[^`]*`)*)\]\(([^)\s]+)\)/g;

/** Files beside docs/ that are pages too, and their places on the site.
 * @param {string} root
 * @returns {Map<string, string>} */
function readmes(root) {
  const pages = new Map([
    ['CONTRIBUTING.md', 'contributing.md'],
    ['README.md', 'readme.md'],
    ['infra/README.md', 'deployment.md'],
    ['infra/grafana/README.md', 'grafana.md'],
  ]);
  for (const folder of ['packages', 'apps', 'examples']) {
    if (!existsSync(join(root, folder))) continue;
    for (const name of [...readdirSync(join(root, folder)), '']) {
      const readme = posix.join(folder, name, 'README.md');
      if (existsSync(join(root, readme)))
        pages.set(readme, name === '' ? `${folder}/index.md` : `${folder}/${name}.md`);
    }
  }
  return pages;
}

/** @param {string} folder
 * @returns {string[]} the files below it, from it */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

/** Puts every document of the repository into a folder, with links that are right there.
 * @param {string} root the repository
 * @param {string} stage
 * @returns {Set<string>} the pages' paths below the folder */
export function stageDocuments(root, stage) {
  const pages = readmes(root);
  for (const file of filesBelow(join(root, 'docs'))) {
    const name = posix.basename(file) === 'README.md' ? posix.join(posix.dirname(file), 'index.md') : file;
    pages.set(`docs/${file}`, name);
  }
  for (const [source, page] of pages) {
    // What is no page and no picture is a file to be downloaded.
    const target = join(stage, /\.(md|svg|png|gif)$/.test(page) ? '' : 'public', page);
    mkdirSync(dirname(target), { recursive: true });
    if (source.endsWith('.md'))
      writeFileSync(target, relinked(readFileSync(join(root, source), 'utf8'), source, page, pages, root));
    else copyFileSync(join(root, source), target);
  }
  return new Set(pages.values());
}

/** A document whose links lead to the site's pages; a link to what is no page becomes the words that it had.
 * @param {string} text
 * @param {string} source
 * @param {string} page
 * @param {Map<string, string>} pages
 * @param {string} root */
function relinked(text, source, page, pages, root) {
  /** @param {string} path from the source
   * @returns {string | null} from the page; null: it is not on the site */
  const onSite = (path) => {
    const file = posix.join(posix.dirname(source), decodeURI(path));
    const isFolder = existsSync(join(root, file)) && statSync(join(root, file)).isDirectory();
    const target = pages.get(file) ?? (isFolder ? pages.get(posix.join(file, 'README.md')) : undefined);
    if (target === undefined) return null;
    const to = posix.relative(posix.dirname(page), target);
    return to.startsWith('.') ? to : `./${to}`;
  };
  return outsideOfCode(text, (prose) =>
    prose
      .replaceAll(LINK, (whole, image, words, link) => {
        if (/^[a-z]+:/.test(link) || link.startsWith('#')) return whole;
        const [path, anchor] = link.split('#');
        const from = onSite(path);
        if (from === null) return image ? '' : words;
        return `${image}[${words}](${from}${anchor === undefined ? '' : `#${anchor}`})`;
      })
      .replaceAll(SOURCE, (whole, attribute, path) => {
        const from = /^[a-z]+:/.test(path) ? null : onSite(path);
        return from === null ? whole : `${attribute}="${from}"`;
      }),
  );
}

/** Changes a document, but not its blocks of code.
 * @param {string} text
 * @param {(prose: string) => string} change */
function outsideOfCode(text, change) {
  return text
    .split(/^(```[\s\S]*?^```$)/m)
    .map((part, i) => (i % 2 === 1 ? part : change(part)))
    .join('');
}
