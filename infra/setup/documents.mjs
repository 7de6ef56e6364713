// What the documents name has to be there: files that they link to or write between backticks, and headings.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const SKIPPED = ['node_modules', 'dist', 'runs'];

/** A path between backticks, from the root or from the document's folder; placeholders and patterns are passed over. */
const PATH = /`((?:apps|packages|infra|test|docs)\/[\w./-]+)`/g;
const LINK = /\]\(([^)\s]+)\)/g;

/** The Markdown files below a folder, as absolute paths, in order.
 * @param {string} folder
 * @returns {string[]} */
function documents(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory())
        return SKIPPED.includes(entry.name) || entry.name.startsWith('.') ? [] : documents(path);
      return entry.name.endsWith('.md') ? [path] : [];
    })
    .sort();
}

/** The anchors of a document's headings, as GitHub makes them.
 * @param {string} text */
function anchorsOf(text) {
  const headings = text.matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, heading]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Checks the documents of the whole repository.
 * @param {string} root
 * @returns {string[]} a sentence for each thing that is named and not there */
export function checkDocuments(root) {
  return documents(root).flatMap((document) => {
    const text = readFileSync(document, 'utf8');
    const name = relative(root, document);
    const paths = [...text.matchAll(PATH)]
      .filter(([, path]) => !existsSync(join(root, path)) && !existsSync(join(dirname(document), path)))
      .map(([, path]) => `${name}: there is no ${path}.`);
    const links = [...text.matchAll(LINK)]
      .filter(([, link]) => !/^[a-z]+:/.test(link))
      .flatMap(([, link]) => {
        const [path, anchor] = link.split('#');
        const target = path === '' ? document : join(dirname(document), path);
        if (!existsSync(target)) return [`${name}: the link ${link} leads nowhere.`];
        const lacks = anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).has(anchor);
        return lacks ? [`${name}: the link ${link} names a heading that is not there.`] : [];
      });
    return [...paths, ...links];
  });
}
